import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A whole message of text from a client; the mask may be zero (RFC 6455 §5.3 asks for one, not for a good one). */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  length[0] |= 0x80;
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

/** A WebSocket client that reads when and as much as it likes, and writes what it likes: for hostile behaviour. */
export class RawStream {
  /** Bytes taken off the connection. */
  read = 0;
  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
  }

  /** Opens and signs in; nothing is read from then on unless `readAtMost` is called. */
  static async open(url: string, token: string): Promise<RawStream> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `GET /v1/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(answer.toString('latin1'));
    socket.pause();
    const stream = new RawStream(socket);
    stream.say({ op: 'auth', token });
    return stream;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  say(message: object): void {
    this.socket.write(maskedText(JSON.stringify(message)));
  }

  /** Takes at most `bytes` off the connection, as a line of that width would. */
  readAtMost(bytes: number): void {
    const chunk = this.socket.read(Math.min(bytes, this.socket.readableLength || bytes)) as Buffer | null;
    this.read += chunk?.length ?? 0;
  }

  end(): void {
    this.socket.destroy();
  }
}
