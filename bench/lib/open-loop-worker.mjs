import { connect } from 'node:net';

/**
 * Sends requests at a fixed rate, whatever becomes of those before them, and counts each answer's time from the moment
 * its request was due: a server that stalls is charged for every request that would have come meanwhile. Never two
 * requests on one connection at a time; those due while all are busy wait, and their time counts.
 */
process.once(
  'message',
  async ({ url, method = 'GET', paths, headers = {}, body = '', perSecond, seconds, connections = 32 }) => {
    const { hostname, port } = new URL(url);
    const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const lines = Object.entries({ host: `${hostname}:${port}`, ...headers, ...length });
    const head = lines.map((entry) => entry.join(': ')).join('\r\n');
    const requests = paths.map((path) => Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n\r\n${body}`));
    const count = Math.round(perSecond * seconds);
    const latencies = [];
    const statuses = {};
    const queue = [];
    const idle = [];
    let lateMs = 0;

    const take = (line) => {
      const due = queue.shift();
      if (due === undefined) {
        idle.push(line);
        return;
      }
      line.dueMs = due.atMs;
      line.socket.write(requests[due.n % requests.length]);
    };
    const answered = (line, status) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencies.push(performance.now() - line.dueMs);
      take(line);
    };
    const opened = await Promise.all(
      Array.from({ length: connections }, () => open({ hostname, port: Number(port) }, answered)),
    );
    idle.push(...opened);

    const startMs = performance.now() + 20;
    let sent = 0;
    // A timer is late by up to a millisecond, which counts as the server's: at high rates, where answers are quick, the
    // generator stays awake all the time. At low ones it does not, so that it leaves the processor to whom it measures.
    const next = perSecond > 500 ? setImmediate : (act) => setTimeout(act, 1);
    const turn = () => {
      const nowMs = performance.now();
      while (sent < count && startMs + (sent * 1000) / perSecond <= nowMs) {
        const atMs = startMs + (sent * 1000) / perSecond;
        lateMs = Math.max(lateMs, nowMs - atMs);
        queue.push({ n: sent, atMs });
        sent += 1;
        if (idle.length > 0) take(idle.pop());
      }
      if (latencies.length < count) next(turn);
      else finish();
    };
    const finish = () => {
      latencies.sort((a, b) => a - b);
      const at = (share) => latencies[Math.min(count - 1, Math.floor(share * count))];
      const quantiles = { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
      process.send({ ...quantiles, count, statuses, generatorLateMs: lateMs });
    };
    turn();
  },
);

/** A keep-alive connection that tells of each answer when the last byte of it is there. */
async function open(address, answered) {
  const socket = connect({ ...address, host: address.hostname, noDelay: true });
  const line = { socket, dueMs: 0 };
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let status = 0;
  let head = '';
  let bodyLeft = -1;
  socket.on('data', (chunk) => {
    if (bodyLeft < 0) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      status = Number(head.slice(9, 12));
      bodyLeft = Number(/content-length: (\d+)/i.exec(head)[1]) - (head.length - end - 4);
      head = '';
    } else {
      bodyLeft -= chunk.length;
    }
    if (bodyLeft > 0) return;
    bodyLeft = -1;
    answered(line, status);
  });
  socket.on('close', () => {
    throw new Error('the server closed a connection under load');
  });
  return line;
}
