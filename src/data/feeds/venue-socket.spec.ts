import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { SeededRandom } from '../../kernel/random.js';
import { SystemClock } from '../../platform/time/system-clock.adapter.js';
import { ordinaryRhythm, type SocketRhythm, VenueSocket } from './venue-socket.adapter.js';

describe('a connection to a venue', () => {
  let http: Server;
  let venue: WebSocketServer;
  let connections: { socket: WebSocket; atMs: number; said: string[] }[];
  let refusals: { status: number; headers: Record<string, string> }[];
  let socket: VenueSocket;
  let heard: string[];
  let lost: [string, string][];
  let alive: number[];
  let bytes: number;

  beforeEach(async () => {
    [connections, refusals, heard, lost, alive, bytes] = [[], [], [], [], [], 0];
    http = createServer();
    venue = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request, stream, head) => {
      const refusal = refusals.shift();
      if (refusal) {
        const headers = Object.entries(refusal.headers).map(([name, value]) => `${name}: ${value}\r\n`);
        stream.end(`HTTP/1.1 ${refusal.status} No\r\n${headers.join('')}connection: close\r\n\r\n`);
        return;
      }
      venue.handleUpgrade(request, stream, head, (one) => {
        const connection = { socket: one, atMs: performance.now(), said: [] as string[] };
        one.on('message', (data) => connection.said.push(String(data)));
        connections.push(connection);
      });
    });
    await new Promise<void>((wake) => http.listen(0, '127.0.0.1', wake));
  });
  afterEach(() => {
    socket.close();
    for (const one of venue.clients) one.terminate();
    http.closeAllConnections();
    http.close();
  });

  function connect(
    more: Partial<SocketRhythm> = {},
    port = (http.address() as AddressInfo).port,
  ): VenueSocket {
    const rhythm = { ...ordinaryRhythm, firstRetryMs: 20, pingMs: 20, silentMsMax: 200, ...more };
    const ears = {
      opened: () => void socket.send('subscribe'),
      heard: (text: string) => void heard.push(text),
      heardBytes: () => void (bytes += 1),
      alive: (sentMs: number) => void alive.push(sentMs),
      lost: (reason: string, says: string) => void lost.push([reason, says]),
    };
    socket = new VenueSocket(`ws://127.0.0.1:${port}`, ears, {
      clock: new SystemClock(),
      random: new SeededRandom(1),
      rhythm,
    });
    socket.open();
    return socket;
  }
  async function connected(n: number): Promise<void> {
    await expect.poll(() => connections.length).toBe(n);
  }

  it('subscribes when it opens and hands on what it hears, in order', async () => {
    connect();
    await connected(1);
    await expect.poll(() => connections[0].said).toEqual(['subscribe']);
    for (const text of ['1', '2', '3']) connections[0].socket.send(text);
    connections[0].socket.send(Buffer.from([1, 2]));
    await expect.poll(() => bytes).toBe(1);
    expect(heard).toEqual(['1', '2', '3']);
  });

  it('tells up to when everything was heard, by the pongs of its pings', async () => {
    connect();
    const beganMs = Date.now();
    await expect.poll(() => alive.length).toBeGreaterThan(1);
    expect(alive[0]).toBeGreaterThanOrEqual(beganMs);
    expect(alive[1]).toBeGreaterThan(alive[0]);
  });

  it('comes back, and subscribes again, however it was lost', async () => {
    connect();
    await connected(1);
    connections[0].socket.close(1001, 'going away');
    await connected(2);
    connections[1].socket.terminate();
    await connected(3);
    await expect.poll(() => connections[2].said).toEqual(['subscribe']);
    expect(lost).toEqual([
      ['closed', 'the venue closed the connection with 1001, "going away"'],
      ['closed', expect.stringContaining('1006')],
    ]);
  });

  it('gives up a venue that says nothing and answers no ping', async () => {
    connect();
    await connected(1);
    connections[0].socket.pause();
    await connected(2);
    expect(lost).toEqual([['silent', 'nothing was heard for 200 ms']]);
  });

  it('does not wait for ever for a venue that accepts and says nothing', async () => {
    http.removeAllListeners('upgrade');
    http.on('upgrade', () => undefined);
    connect({ connectMsMax: 50 });
    await expect.poll(() => lost[0]).toMatchObject(['unreachable', expect.stringMatching(/handshake/i)]);
  });

  it('waits longer each time a venue cannot be reached', async () => {
    const times: number[] = [];
    connect({ firstRetryMs: 40 }, 1);
    await expect
      .poll(
        () => {
          if (lost.length > times.length) times.push(performance.now());
          return times.length;
        },
        { interval: 2 },
      )
      .toBe(4);
    const waits = times.slice(1).map((at, n) => at - times[n]);
    // Waits are 20–40, 40–80 and 80–160 ms.
    expect(waits[2]).toBeGreaterThan(75);
    expect(waits[2]).toBeGreaterThan(waits[0]);
  });

  it('rests as long as a venue asks for in its refusal', async () => {
    refusals = [{ status: 503, headers: { 'retry-after': '0.3' } }];
    connect();
    await expect.poll(() => lost.length).toBe(1);
    const beganMs = performance.now();
    await connected(1);
    expect(connections[0].atMs - beganMs).toBeGreaterThan(150);
    expect(lost[0]).toEqual(['refused', 'the handshake was answered 503']);
  });

  it('does not hurry back to a venue that refused it, with a status or a close code', async () => {
    refusals = [{ status: 429, headers: {} }];
    connect({ retryMsMax: 300 });
    await expect.poll(() => lost.length).toBe(1);
    const beganMs = performance.now();
    await connected(1);
    expect(connections[0].atMs - beganMs).toBeGreaterThan(150);
    connections[0].socket.close(1008, 'too many requests');
    await connected(2);
    expect(connections[1].atMs - connections[0].atMs).toBeGreaterThan(70);
    expect(lost[1][0]).toBe('refused');
  });

  it('is gone at once when it is closed, and does not come back', async () => {
    connect();
    await connected(1);
    socket.close();
    expect(socket.connected).toBe(false);
    expect(socket.send('x')).toBe(false);
    await new Promise((wake) => setTimeout(wake, 100));
    expect(connections).toHaveLength(1);
  });

  it('can be made anew', async () => {
    connect();
    await connected(1);
    await expect.poll(() => socket.connected).toBe(true);
    socket.restart('the book lost its thread');
    await connected(2);
    expect(lost).toEqual([['restarted', 'the book lost its thread']]);
  });
});
