import type { Readable } from 'node:stream';
import { readEnvironment } from '../config/environment.adapter.js';

export interface ApiClientOptions {
  /** Address of a running server, e.g. `http://127.0.0.1:3000`. */
  readonly url?: string;
  readonly user?: string;
}

/** A signed-in REST client of a running server, for the project's own commands. */
export class ApiClient {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Signs in with the password in ADMIN_PASSWORD. Throws Error in a sentence for people. */
  static async signIn({
    url = 'http://127.0.0.1:3000',
    user = 'admin',
  }: ApiClientOptions): Promise<ApiClient> {
    const password = readEnvironment()['ADMIN_PASSWORD'];
    if (!password) throw new Error(`set ADMIN_PASSWORD to the password of ${user}`);
    const anonymous = new ApiClient(url, '');
    const { accessToken } = await anonymous.call('POST', '/v1/auth/login', { username: user, password });
    return new ApiClient(url, accessToken);
  }

  async call(method: string, path: string, body?: unknown): Promise<any> {
    return this.send(method, path, {
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }

  /** Streams a body, e.g. a file. */
  async upload(path: string, body: Readable, headers: Record<string, string>): Promise<any> {
    return this.send('POST', path, { body: body as never, headers, duplex: 'half' } as RequestInit);
  }

  /** Asks until the job or replay has ended; `tell` hears each state. Throws Error with its problem when it failed. */
  async followed(path: string, tell: (state: any) => void): Promise<any> {
    for (;;) {
      const state = await this.call('GET', path);
      tell(state);
      if (state.state === 'succeeded') return state;
      if (state.state === 'failed' || state.state === 'canceled') {
        throw new Error(`${state.state}: ${JSON.stringify(state.problem, null, 2)}`);
      }
      await new Promise((wake) => setTimeout(wake, 250));
    }
  }

  private async send(method: string, path: string, init: RequestInit): Promise<any> {
    let answer: Response;
    try {
      answer = await fetch(this.url + path, {
        ...init,
        method,
        headers: { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...init.headers },
      });
    } catch (error) {
      const cause = (error as { cause?: Error }).cause;
      throw new Error(
        `no server answers at ${this.url} (${cause?.message ?? String(error)}); is it running?`,
        {
          cause: error,
        },
      );
    }
    const text = await answer.text();
    const body = text === '' ? null : JSON.parse(text);
    if (!answer.ok) {
      const faults = (body.errors ?? []).map(
        (e: { pointer: string; detail: string }) => `\n  ${e.pointer} ${e.detail}`,
      );
      throw new Error(`${body.code}: ${body.detail}${faults.join('')}`);
    }
    return body;
  }
}

/** One line that is rewritten on a terminal, and a new line for every tenth elsewhere. */
export function progressLine(
  stream: NodeJS.WriteStream = process.stderr,
): (part: number, words: string) => void {
  let told = -1;
  return (part, words) => {
    const tenth = Math.floor(part * 10);
    if (stream.isTTY) {
      const bar = '█'.repeat(Math.round(part * 30)).padEnd(30, '░');
      stream.write(
        `\r${bar} ${(part * 100).toFixed(0).padStart(3)} % ${words}`.slice(0, (stream.columns ?? 100) - 1),
      );
      if (part >= 1) stream.write('\n');
    } else if (tenth > told) {
      stream.write(`${(part * 100).toFixed(0)} % ${words}\n`);
    }
    told = tenth;
  };
}
