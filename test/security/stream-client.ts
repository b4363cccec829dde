import { WebSocket, type ClientOptions } from 'ws';

/** A stream client as a dashboard would be one; keeps everything it hears. */
export class StreamListener {
  readonly heard: any[] = [];
  closed: { code: number; reason: string } | null = null;
  private readonly wakeUps = new Set<() => void>();

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.heard.push(JSON.parse(data.toString()));
      this.wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, options: ClientOptions = {}): Promise<StreamListener> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/stream`, options);
    const listener = new StreamListener(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
      });
      socket.once('error', reject);
    });
    return listener;
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Everything heard of a channel. */
  frames(channel: string): any[] {
    return this.heard.filter(({ ch }) => ch === channel);
  }

  /** The first message that fits, heard already or yet to come. */
  async until(fits: (message: any) => boolean, withinMs = 5_000): Promise<any> {
    await this.wait(() => this.heard.some(fits), withinMs);
    return this.heard.find(fits);
  }

  async untilClosed(withinMs = 5_000): Promise<{ code: number; reason: string }> {
    await this.wait(() => this.closed !== null, withinMs);
    return this.closed!;
  }

  async wait(holds: () => boolean, withinMs = 5_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`waited in vain; heard ${JSON.stringify(this.heard.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wakeUps.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async authenticate(token: string): Promise<void> {
    this.say({ op: 'auth', token });
    await this.until(({ op }) => op === 'authenticated');
  }

  /** Subscribes and answers what came of it: `subscribed` or `error`. */
  async subscribe(id: string, channel: string, params: object): Promise<any> {
    this.say({ op: 'subscribe', id, channel, params });
    return this.until((m) => m.id === id && (m.op === 'subscribed' || m.op === 'error'));
  }

  close(): void {
    this.socket.terminate();
  }

  private wake(): void {
    const waiting = [...this.wakeUps];
    this.wakeUps.clear();
    for (const wake of waiting) wake();
  }
}
