import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

/** Bare ws: one prepared string to every client, as often as the last line on stdin says. `rate text…` */
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
let [rate, text, sent, sinceMs] = [0, '', 0, 0];
createInterface({ input: process.stdin }).on('line', (line) => {
  const gap = line.indexOf(' ');
  [rate, text, sent, sinceMs] = [Number(line.slice(0, gap)), line.slice(gap + 1), 0, performance.now()];
});
setInterval(() => {
  const due = Math.floor(((performance.now() - sinceMs) * rate) / 1000);
  for (; sent < due; sent += 1) for (const client of server.clients) client.send(text);
}, 5);
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`));
