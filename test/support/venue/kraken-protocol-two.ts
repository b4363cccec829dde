import type { Level, PlainBook } from './plain-book.js';
import type { VenueClient } from './venue-client.js';

type TradeRow = readonly string[];

/** What a client of protocol 2 follows of one pair's book: so many levels, and what it was told of them. */
interface View {
  readonly depth: number;
  bids: Level[];
  asks: Level[];
}

/**
 * Protocol 2 of Kraken's stream, as documented, saying what was recorded in protocol 1: the same values, as JSON
 * numbers with all their digits. Trades are numbered here, and there are no checksums: the recorded ones are of
 * protocol 1's digits.
 */
export class KrakenProtocolTwo {
  private tradeId = 0;

  constructor(private readonly bookOf: (pair: string) => PlainBook | undefined) {}

  heard(client: VenueClient, text: string): void {
    const { method, params = {}, req_id } = JSON.parse(text);
    const tag = req_id === undefined ? {} : { req_id };
    if (method === 'ping') return client.answer(JSON.stringify({ method: 'pong', ...tag }));
    for (const symbol of (params.symbol ?? []) as string[]) {
      const key = `${params.channel} ${oldName(symbol)}`;
      const result = { channel: params.channel, symbol };
      client.answer(JSON.stringify({ method, success: true, result, ...tag }));
      if (method === 'unsubscribe') client.subscriptions.delete(key);
      else client.subscriptions.set(key, { depth: params.depth ?? 10, bids: [], asks: [] });
      if (method === 'subscribe' && params.channel === 'book') this.book(client, oldName(symbol));
    }
  }

  /** Tells the client of a recorded trade message; `rows` as in protocol 1. */
  trades(client: VenueClient, pair: string, rows: readonly TradeRow[]): void {
    if (!client.subscriptions.has(`trade ${pair}`)) return;
    const data = rows.map(([price, quantity, time, side]) => {
      const timestamp = new Date(Math.round(Number(time) * 1000)).toISOString();
      const names = `"symbol":"${newName(pair)}","side":"${side === 'b' ? 'buy' : 'sell'}"`;
      this.tradeId += 1;
      return `{${names},"price":${price},"qty":${quantity},"trade_id":${this.tradeId},"timestamp":"${timestamp}"}`;
    });
    client.market(`{"channel":"trade","type":"update","data":[${data.join()}]}`);
  }

  /** Tells the client how the levels it follows changed. */
  book(client: VenueClient, pair: string): void {
    const view = client.subscriptions.get(`book ${pair}`) as View | undefined;
    const book = this.bookOf(pair);
    if (!view || !book) return;
    const type = view.bids.length + view.asks.length === 0 ? 'snapshot' : 'update';
    const [bids, asks] = [book.bids.top(view.depth), book.asks.top(view.depth)];
    const sides = { bids: changes(view.bids, bids, -1), asks: changes(view.asks, asks, 1) };
    [view.bids, view.asks] = [bids, asks];
    if (sides.bids.length + sides.asks.length === 0) return;
    const text = (levels: Level[]): string =>
      levels.map(([price, quantity]) => `{"price":${price},"qty":${quantity}}`).join();
    client.market(
      `{"channel":"book","type":"${type}","data":[{"symbol":"${newName(pair)}","bids":[${text(sides.bids)}],"asks":[${text(sides.asks)}]}]}`,
    );
  }
}

/** What is told of a side: new and changed levels, and those that are gone, but not those that fell out of its depth. */
function changes(before: readonly Level[], after: readonly Level[], direction: 1 | -1): Level[] {
  const now = new Map(after);
  const then = new Map(before);
  const worst = direction * Number(after.at(-1)?.[0]);
  const gone = before.filter(([price]) => !now.has(price) && !(direction * Number(price) > worst));
  return [
    ...gone.map(([price]): Level => [price, '0.00000000']),
    ...after.filter(([price, quantity]) => then.get(price) !== quantity),
  ];
}

/** Protocol 2 calls Bitcoin BTC. */
const newName = (pair: string): string => pair.replace(/\bXBT\b/, 'BTC');
const oldName = (symbol: string): string => symbol.replace(/\bBTC\b/, 'XBT');
