import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Line {
  readonly near: Socket;
  readonly far: Socket;
  /** First line of the first request on it. */
  first: string;
}

/** The network between two processes, with scissors: stands where the second one is said to be. */
export class Wire {
  /** Port of the process behind; null while there is none. */
  target: number | null;
  /** New connections whose first request begins so are refused. */
  refuses: string | null = null;
  /** Answers to requests that begin so are swallowed, and their connection is cut once the process has answered. */
  swallows: string | null = null;
  swallowed = 0;
  private readonly lines = new Set<Line>();

  private constructor(
    private readonly server: Server,
    target: number,
  ) {
    this.target = target;
    server.on('connection', (near) => this.join(near));
  }

  static async to(url: string): Promise<Wire> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, Number(new URL(url).port));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Cuts what carries requests that begin so; answers how many lines that were. */
  cut(begins: string): number {
    const cut = [...this.lines].filter(({ first }) => first.startsWith(begins));
    for (const { near, far } of cut) for (const end of [near, far]) end.destroy();
    return cut.length;
  }

  close(): void {
    this.cut('');
    this.server.close();
  }

  private join(near: Socket): void {
    if (this.target === null) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const line: Line = { near, far, first: '' };
    this.lines.add(line);
    let swallowing = false;
    near.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (line.first === '') line.first = text.split('\r\n')[0];
      if (this.refuses !== null && line.first.startsWith(this.refuses)) near.resetAndDestroy();
      else far.write(chunk);
      swallowing ||= this.swallows !== null && text.startsWith(this.swallows);
    });
    far.on('data', (chunk: Buffer) => {
      if (!swallowing) {
        near.write(chunk);
        return;
      }
      this.swallowed += 1;
      near.resetAndDestroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.lines.delete(line);
        other.destroy();
      });
    }
  }
}
