import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error a plain script, shared with CI, has no types
import { runTour, tourScript } from '../../scripts/readme-tour.mjs';
import { startServer, type TestServer } from '../support/server.js';

describe("README's five-minute tour", () => {
  let server: TestServer;
  beforeAll(async () => {
    // As a new user has it: the password is the one the first start made.
    server = await startServer({ SIM_HISTORY_DAYS: '3', ADMIN_PASSWORD: '' });
  });
  afterAll(() => server?.stop());

  it('works as written, from sign-in to metrics', async () => {
    const { password } = server.running.banner.first!;
    const output: string = await runTour({ url: server.url, password });
    for (const shown of [
      '"BTC-USD.SIM"',
      '"timeframe":"5m"',
      '"probabilityUp":',
      '"clientOrderId":"tour-1"',
      '"status":"filled"',
      '"averagePrice":',
      '"equity":',
      '"ok":true',
      '"state":"started"',
      'trading_orders_total{',
      'data_trades_stored_total{',
      '"kind":"import-candles"',
    ]) {
      expect(output, `the tour shows ${shown}`).toContain(shown);
    }
  });

  it('would notice a command that no longer works', async () => {
    expect(() => tourScript('## A five-minute tour\n', { url: '', password: 'x' })).toThrow(
      'blocks in its tour',
    );
    await expect(runTour({ url: server.url, password: 'not the password' })).rejects.toThrow(
      'the tour ended with',
    );
  });
});
