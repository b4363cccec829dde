import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import { type WebSocket, WebSocketServer } from 'ws';

type Level = [price: string, quantity: string];
interface Trade {
  readonly id: number;
  readonly price: string;
  readonly quantity: string;
  readonly side: 'buy' | 'sell';
  readonly timeMs: number;
}

/**
 * Kraken on loopback as protocol 2 of its stream is documented (recordings are of protocol 1): one pair, a book with
 * checksums, trades with running numbers, and the REST answers that go with them. Numbers are JSON numbers with all
 * their digits.
 */
export class KrakenTwo {
  readonly asked: string[] = [];
  readonly trades: Trade[] = [];
  private bids: Level[] = [
    ['61000.0', '1.50000000'],
    ['60999.9', '0.02000000'],
  ];
  private asks: Level[] = [
    ['61000.1', '0.10000000'],
    ['61000.5', '2.00000000'],
  ];
  private readonly clients = new Set<WebSocket>();
  private readonly subscribed = new Map<string, WebSocket>();
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) =>
      response.end(this.answer(new URL(request.url!, 'http://kraken.test'))),
    );
    server.on('upgrade', (request, socket, head) =>
      this.sockets.handleUpgrade(request, socket, head, (client) => {
        this.clients.add(client);
        client.send('{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2"}]}');
        client.on('message', (data) => this.heard(client, String(data)));
        client.on('close', () => this.clients.delete(client));
      }),
    );
  }

  static async start(): Promise<KrakenTwo> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new KrakenTwo(server);
  }

  get urls(): string[] {
    const { port } = this.server.address() as AddressInfo;
    return [`kraken.rest=http://127.0.0.1:${port}`, `kraken.stream=ws://127.0.0.1:${port}`];
  }

  get book(): { bids: Level[]; asks: Level[] } {
    return { bids: this.bids, asks: this.asks };
  }

  follows(channel: string): boolean {
    return this.subscribed.has(channel);
  }

  /** A trade happens; `unheard`: nobody is told. */
  trade(more: Partial<Trade> & { unheard?: boolean } = {}): void {
    const { unheard, ...own } = more;
    const trade: Trade = {
      id: this.trades.length + 101,
      price: '61000.1',
      quantity: '0.01000000',
      side: 'buy',
      timeMs: Date.now(),
      ...own,
    };
    this.trades.push(trade);
    if (!unheard) this.send('trade', 'update', `[${tradeOf(trade)}]`);
  }

  quote(): void {
    const [[[bid, bidQty]], [[ask, askQty]]] = [this.bids, this.asks];
    const data = `[{"symbol":"BTC/USD","bid":${bid},"bid_qty":${bidQty},"ask":${ask},"ask_qty":${askQty},"last":${ask}}]`;
    this.send('ticker', 'update', data);
  }

  /** The book moves; with `checksum` the message carries that instead of its own, `unheard` is told to nobody. */
  move(
    bids: Level[],
    asks: Level[],
    { checksum, unheard }: { checksum?: number; unheard?: boolean } = {},
  ): void {
    this.bids = changed(this.bids, bids, -1);
    this.asks = changed(this.asks, asks, 1);
    if (!unheard) this.send('book', 'update', this.bookText(bids, asks, checksum));
  }

  disconnect(): void {
    this.subscribed.clear();
    for (const client of this.clients) client.terminate();
  }

  async close(): Promise<void> {
    this.disconnect();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private send(channel: string, type: string, data: string): void {
    this.subscribed.get(channel)?.send(`{"channel":"${channel}","type":"${type}","data":${data}}`);
  }

  private heard(client: WebSocket, text: string): void {
    const { method, params } = JSON.parse(text) as {
      method: string;
      params: { channel: string; symbol?: string[] };
    };
    this.asked.push(`${method} ${params.channel}`);
    const { channel } = params;
    for (const symbol of params.symbol ?? [undefined]) {
      const answer = { method, success: true, result: { channel, ...(symbol ? { symbol } : {}) } };
      client.send(JSON.stringify(answer));
    }
    if (method === 'unsubscribe') {
      this.subscribed.delete(channel);
      return;
    }
    this.subscribed.set(channel, client);
    if (channel === 'instrument') {
      const pair =
        '{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","price_precision":1,"qty_precision":8}';
      this.send(channel, 'snapshot', `{"assets":[],"pairs":[${pair}]}`);
    } else if (channel === 'book') {
      this.send(channel, 'snapshot', this.bookText(this.bids, this.asks));
    } else if (channel === 'trade') {
      this.send(channel, 'snapshot', `[${this.trades.slice(-50).map(tradeOf).join()}]`);
    }
  }

  private bookText(bids: Level[], asks: Level[], checksum = this.checksum()): string {
    const side = (levels: Level[]): string =>
      `[${levels.map(([price, quantity]) => `{"price":${price},"qty":${quantity}}`).join()}]`;
    const timestamp = new Date().toISOString();
    return `[{"symbol":"BTC/USD","bids":${side(bids)},"asks":${side(asks)},"checksum":${checksum},"timestamp":"${timestamp}"}]`;
  }

  private checksum(): number {
    const digits = (text: string): string => text.replace('.', '').replace(/^0+/, '');
    const side = (levels: Level[]): string =>
      levels
        .slice(0, 10)
        .map(([price, quantity]) => digits(price) + digits(quantity))
        .join('');
    return crc32(side(this.asks) + side(this.bids));
  }

  private answer({ pathname, searchParams }: URL): string {
    const done = (result: string): string => `{"error":[],"result":${result}}`;
    if (
      !searchParams
        .get('pair')
        ?.split(',')
        .every((pair) => pair === 'XBTUSD')
    )
      return '{"error":["EQuery:Unknown asset pair"]}';
    if (pathname === '/0/public/AssetPairs') {
      return done(
        '{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,"lot_decimals":8,"fees":[[0,0.4]],"fees_maker":[[0,0.25]],"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online"}}',
      );
    }
    if (pathname !== '/0/public/Trades') return '{"error":["EGeneral:Unknown method"]}';
    const sinceMs = Number(searchParams.get('since')) / 1e6;
    const rows = this.trades
      .filter(({ timeMs }) => timeMs > sinceMs)
      .map(
        ({ id, price, quantity, side, timeMs }) =>
          `["${price}","${quantity}",${(timeMs / 1_000).toFixed(7)},"${side[0]}","m","",${id}]`,
      );
    return done(`{"XXBTZUSD":[${rows.join()}],"last":"${Date.now()}000000"}`);
  }
}

function tradeOf({ id, price, quantity, side, timeMs }: Trade): string {
  const timestamp = new Date(timeMs).toISOString();
  return `{"symbol":"BTC/USD","side":"${side}","price":${price},"qty":${quantity},"ord_type":"market","trade_id":${id},"timestamp":"${timestamp}"}`;
}

function changed(levels: readonly Level[], changes: readonly Level[], direction: 1 | -1): Level[] {
  const kept = new Map(levels);
  for (const [price, quantity] of changes) {
    if (Number(quantity) === 0) kept.delete(price);
    else kept.set(price, quantity);
  }
  return [...kept].toSorted(([a], [b]) => direction * (Number(a) - Number(b)));
}
