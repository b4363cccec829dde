import { Agent, request } from 'node:http';

/** What a client knows after it asked. */
export type Outcome =
  /** The server said what it did; `replayed` when it had done so before. */
  | { readonly kind: 'answer'; readonly status: number; readonly replayed: boolean; readonly body: any }
  /** Nobody can say whether it was done. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** It was surely not done: never sent, or sent back untouched. */
  | { readonly kind: 'untaken'; readonly why: string };

/** An HTTP client that never guesses. Keeps its connections, as bots do. */
export class Caller {
  private readonly agent: Agent;
  private readonly host: string;
  private readonly port: number;

  constructor(
    url: string,
    private readonly token: string,
    private readonly timeoutMs = 5_000,
  ) {
    ({ hostname: this.host } = new URL(url));
    this.port = Number(new URL(url).port);
    this.agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      let sent = false;
      const text = body === undefined ? undefined : JSON.stringify(body);
      const asked = request({
        agent: this.agent,
        host: this.host,
        port: this.port,
        method,
        path,
        timeout: this.timeoutMs,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      });
      const failed = (error: Error): void =>
        resolve({
          kind: sent ? 'unknown' : 'untaken',
          why: (error as NodeJS.ErrnoException).code ?? error.message,
        });
      asked.on('socket', (socket) => {
        if (!socket.connecting) sent = true;
        else socket.once('connect', () => (sent = true));
      });
      asked.on('timeout', () => asked.destroy(new Error('timeout')));
      asked.on('error', failed);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', failed);
        response.on('close', () => {
          if (!response.complete) failed(new Error('cut off'));
          else resolve(outcomeOf(response.statusCode!, response.headers, Buffer.concat(chunks).toString()));
        });
      });
      asked.end(text);
    });
  }
}

function outcomeOf(status: number, headers: Record<string, unknown>, text: string): Outcome {
  const body = text === '' ? null : JSON.parse(text);
  if (status === 429 || (status >= 500 && body?.retryable === true))
    return { kind: 'untaken', why: String(body?.code) };
  if (status >= 500) return { kind: 'unknown', why: String(body?.code ?? status) };
  return { kind: 'answer', status, replayed: headers['idempotency-replayed'] === 'true', body };
}
