import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

export interface Answer<T = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** A REST client as a trader's bot would be one: plain HTTP, nothing from inside the server. */
export class Client {
  constructor(
    readonly url: string,
    private token: string | null = null,
  ) {}

  async login(username: string, password: string): Promise<Answer> {
    const answer = await this.post('/v1/auth/login', { username, password });
    if (answer.status === 200) this.token = answer.body.accessToken;
    return answer;
  }

  /** For requests that this client cannot make, e.g. one whose answer nobody reads. */
  get authorization(): string {
    return `Bearer ${this.token}`;
  }

  as(token: string | null): Client {
    return new Client(this.url, token);
  }

  get<T = any>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send('GET', path, undefined, headers);
  }
  post<T = any>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send('POST', path, body, headers);
  }
  put<T = any>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send('PUT', path, body, headers);
  }
  patch<T = any>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send('PATCH', path, body, headers);
  }
  delete<T = any>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send('DELETE', path, undefined, headers);
  }

  /** Streams a file as it lies on disk. */
  upload(path: string, file: string, headers: Record<string, string>): Promise<Answer> {
    return this.raw('POST', path, Readable.toWeb(createReadStream(file)) as ReadableStream, headers);
  }

  /** Any body, any header: for attacks. */
  async raw(
    method: string,
    path: string,
    body: RequestInit['body'],
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      body,
      headers: { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...headers },
      redirect: 'manual',
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    } as RequestInit);
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: json && text ? JSON.parse(text) : text,
    };
  }

  private send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer> {
    return body === undefined
      ? this.raw(method, path, undefined, headers)
      : this.raw(method, path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  /** Waits until a job or replay has ended, and answers it. */
  async ended(path: string, withinMs = 120_000): Promise<any> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { body } = await this.get(path);
      if (['succeeded', 'failed', 'canceled'].includes(body.state)) return body;
      if (performance.now() > deadline) throw new Error(`${path} did not end: ${JSON.stringify(body)}`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  /** Every item of a paged list. */
  async all<T = any>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer = await this.get(
        `${path}${path.includes('?') ? '&' : '?'}limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      if (page.status !== 200) throw new Error(`${path}: ${page.status} ${JSON.stringify(page.body)}`);
      items.push(...page.body.items);
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    return items;
  }
}
