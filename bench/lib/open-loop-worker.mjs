import { connect } from 'node:net';

/**
 * Sends requests at a fixed rate, whatever becomes of those before them, and counts each answer's time from the moment
 * its request was due: a server that stalls is charged for every request that would have come meanwhile. Never two
 * requests on one connection at a time; those due while all are busy wait, and their time counts.
 */
process.once('message', async ({ url, paths, headers = {}, perSecond, seconds, connections = 32 }) => {
  const { hostname, port } = new URL(url);
  const requests = paths.map((path) => {
    const lines = Object.entries({ host: `${hostname}:${port}`, ...headers }).map((entry) =>
      entry.join(': '),
    );
    return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  });
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
  const lines = await Promise.all(
    Array.from({ length: connections }, () => open({ hostname, port: Number(port) }, answered)),
  );
  idle.push(...lines);

  const startMs = performance.now() + 20;
  let sent = 0;
  // Awake all the time: a timer would be late by up to a millisecond, and that would count as the server's.
  const turn = () => {
    const nowMs = performance.now();
    while (sent < count && startMs + (sent * 1000) / perSecond <= nowMs) {
      const atMs = startMs + (sent * 1000) / perSecond;
      lateMs = Math.max(lateMs, nowMs - atMs);
      queue.push({ n: sent, atMs });
      sent += 1;
      if (idle.length > 0) take(idle.pop());
    }
    if (latencies.length < count) setImmediate(turn);
    else finish();
  };
  const finish = () => {
    latencies.sort((a, b) => a - b);
    const at = (share) => latencies[Math.min(count - 1, Math.floor(share * count))];
    const quantiles = { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
    process.send({ ...quantiles, count, statuses, generatorLateMs: lateMs });
  };
  turn();
});

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
