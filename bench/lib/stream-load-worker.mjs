import { connect } from 'node:net';

/**
 * Many stream clients in one process, on bare sockets, so that counting costs little. Each command from the parent is
 * answered with one message. A frame of our stream must follow on the one before it of its key; anything else is a loss.
 */
const clients = [];
let counting = false;

const commands = {
  /** `count` connections, each saying `hello`, or one for each list of `each`; answers when all stand. */
  open: async ({ url, hello = [], each, count = each.length }) => {
    const { hostname, port, pathname } = new URL(url);
    for (let n = 0; n < count; n += 50) {
      const few = Array.from({ length: Math.min(50, count - n) }, () =>
        open(hostname, Number(port), pathname),
      );
      clients.push(...(await Promise.all(few)));
    }
    if (each) each.forEach((messages, n) => say(messages, [clients[n]]));
    else say(hello);
    return { open: clients.length };
  },
  say: async ({ messages }) => {
    say(messages);
    return {};
  },
  /** What all clients got within `seconds`, after a time to settle. */
  count: async ({ seconds, settleSeconds }) => {
    await pause(settleSeconds);
    for (const client of clients) Object.assign(client, { frames: 0, lost: 0 });
    counting = true;
    const startMs = performance.now();
    await pause(seconds);
    counting = false;
    const passed = (performance.now() - startMs) / 1000;
    const frames = clients.map((client) => client.frames);
    return {
      perSecond: frames.reduce((sum, n) => sum + n, 0) / passed,
      leastPerClient: Math.min(...frames) / passed,
      lost: clients.reduce((sum, { lost }) => sum + lost, 0),
      closed: clients.filter(({ socket }) => socket.destroyed).length,
      text: clients[0].text,
    };
  },
};

process.on('disconnect', () => process.exit());
process.on('message', async ({ command, ...rest }) => process.send(await commands[command](rest)));

const pause = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));

function say(messages, to = clients) {
  const bytes = Buffer.concat(messages.map((message) => masked(JSON.stringify(message))));
  for (const { socket } of to) socket.write(bytes);
}

/** The mask of zeros is a mask (RFC 6455 §5.3). */
function masked(text) {
  const payload = Buffer.from(text);
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

async function open(host, port, path) {
  const socket = connect({ host, port, noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const [head] = await new Promise((resolve) => socket.once('data', (data) => resolve([data])));
  const end = head.indexOf('\r\n\r\n') + 4;
  if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(head.toString('latin1'));
  const client = { socket, frames: 0, lost: 0, seqs: new Map(), text: '', rest: head.subarray(end) };
  socket.on('data', (data) => read(client, data));
  socket.on('error', () => undefined);
  return client;
}

function read(client, data) {
  let bytes = client.rest.length > 0 ? Buffer.concat([client.rest, data]) : data;
  let at = 0;
  for (;;) {
    if (bytes.length - at < 2) break;
    const short = bytes[at + 1];
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < header) break;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    if (bytes.length - at < header + length) break;
    if (bytes[at] === 0x81) take(client, bytes, at + header, length);
    at += header + length;
  }
  client.rest = at < bytes.length ? bytes.subarray(at) : Buffer.alloc(0);
}

const ours = /^\{"ch":"([^"]+)","key":"([^"]+)","type":"(\w+)","epoch":"[^"]+","seq":(\d+),"prevSeq":(\d+)/;

function take(client, bytes, at, length) {
  const head = bytes.latin1Slice(at, at + Math.min(length, 200));
  const frame = ours.exec(head);
  if (frame !== null) {
    const name = frame[1] + frame[2];
    const seq = Number(frame[4]);
    const last = client.seqs.get(name);
    // A topic followed twice by one client comes twice.
    const follows = Number(frame[5]) === last || seq === last;
    if (counting && (frame[3] !== 'update' || !follows)) client.lost += 1;
    client.seqs.set(name, seq);
  } else if (head.startsWith('{"op"')) {
    return;
  }
  if (!counting) return;
  client.frames += 1;
  if (client.text === '' && client === clients[0]) client.text = bytes.latin1Slice(at, at + length);
}
