import { startServer } from './server.mjs';

export const json = { 'content-type': 'application/json' };
const instrument = 'BTC-USD.SIM';

/** A server with an account that may hold many orders, and the order, far from the market, that is sent over and over. */
export async function tradingServer(environment = {}) {
  const server = await startServer(environment);
  const account = await server.call('POST', '/v1/accounts', {
    name: 'bench',
    mode: 'paper',
    baseCurrency: 'USD',
    initialBalances: { USD: '1000000000' },
  });
  const path = `/v1/accounts/${account.id}/orders`;
  await server.call('PUT', `/v1/accounts/${account.id}/risk/limits`, {
    maxOpenOrders: 100_000,
    maxOrdersPerSecond: 1_000_000,
    maxOrderNotional: '1000000000',
    maxPosition: '1000000000',
    maxGrossExposure: '1000000000',
  });
  const quote = await server.call('GET', `/v1/quotes/${instrument}`);
  const limitPrice = String(Math.floor(Number(quote.bid) * 0.8));
  const order = { instrument, side: 'buy', type: 'limit', quantity: '0.001', limitPrice, timeInForce: 'gtc' };
  return {
    server,
    path,
    order,
    /** Orders taken so far; none may have been denied. */
    counted: async () => {
      const samples = await (await fetch(`${server.url}/metrics`)).text();
      let taken = 0;
      for (const [, outcome, n] of samples.matchAll(/^trading_orders_total\{outcome="(\w+)"\} (\d+)$/gm)) {
        if (outcome === 'accepted') taken = Number(n);
        else throw new Error(`${n} orders were ${outcome}`);
      }
      return taken;
    },
  };
}
