import { cpuSecondsOf } from '../lib/cpu.mjs';
import { startPeer, startServer } from '../lib/server.mjs';
import { highestStep, startCrowd } from '../lib/stream-load.mjs';

const clients = 500;
const messagesPerSecond = 100;
const instruments = ['BTC-USD.SIM', 'ETH-USD.SIM', 'SOL-USD.SIM'];
const seconds = 1.5;
const settleSeconds = 0.5;
/** A step holds while each client gets this much of what is published. */
const share = 0.95;
const growth = 1.25;

export const rows = [
  {
    row: `WebSocket fan-out, ${clients} clients × ${messagesPerSecond} msg/s, every frame delivered; then the highest lossless rate`,
    against: 'bare ws sending one prepared string',
    unit: 'frames/s',
    atLeast: 0.8,
    open: async () => {
      const server = await startServer({
        SIM_HISTORY_DAYS: '0',
        // A step of its market, 250 ms of it, every 20 ms: as quick as market data is passed on.
        SIM_SPEED: '12.5',
        MARKET_BATCH_MS: '20',
      });
      const token = server.headers.authorization.slice('Bearer '.length);
      const crowd = startCrowd();
      await crowd.ask('open', {
        url: `${server.url.replace('http', 'ws')}/v1/stream`,
        count: clients,
        hello: [{ op: 'auth', token }],
      });
      const one = await measureOneTopic(server.url, token);
      // A step is a quarter more topics for each client; the peer climbs the same steps.
      const first = Math.ceil(messagesPerSecond / one.perSecond);
      const topicsAt = (step) => Math.ceil(first * growth ** step);

      const peer = await startPeer('ws-fanout');
      const peerCrowd = startCrowd();
      await peerCrowd.ask('open', { url: peer.url, count: clients });
      const steps = { ours: [], peer: [] };
      const cpuMicrosPerFrame = { ours: [], peer: [] };

      let followed = 0;
      const follow = async (topics) => {
        const messages = [];
        for (; followed < topics; followed += 1) {
          const params = { instrument: instruments[followed % instruments.length] };
          messages.push({ op: 'subscribe', id: String(followed), channel: 'quotes', params });
        }
        for (; followed > topics; followed -= 1)
          messages.push({ op: 'unsubscribe', id: String(followed - 1) });
        await crowd.ask('say', { messages });
      };
      /** Frames a second when all of `perClient` came to everybody, else null. */
      const counted = async (name, of, perClient) => {
        const cpuBefore = cpuSecondsOf(of.pid);
        const { perSecond, leastPerClient, lost, closed, text } = await of.crowd.ask('count', {
          seconds,
          settleSeconds,
        });
        if (cpuBefore !== null) {
          const cpu = cpuSecondsOf(of.pid) - cpuBefore;
          const frames = perSecond * (seconds + settleSeconds);
          cpuMicrosPerFrame[name].push(Number(((cpu / frames) * 1e6).toFixed(1)));
        }
        if (name === 'peer' && text !== one.text) throw new Error('the peer sends something else');
        const holds = lost === 0 && closed === 0 && leastPerClient >= perClient * share;
        const because = holds
          ? ''
          : ` ✗ (least ${Math.round(leastPerClient)}/s, lost ${lost}, closed ${closed})`;
        steps[name].push(`${Math.round(perClient)}/s: ${Math.round(perSecond)} frames/s${because}`);
        return holds ? perSecond : null;
      };
      const notes = () => ({ cpuMicrosPerFrame, steps });
      return {
        ours: highestStep(async (step) => {
          await follow(topicsAt(step));
          const rate = topicsAt(step) * one.perSecond;
          const reached = await counted('ours', { pid: server.pid, crowd }, rate);
          await follow(0);
          return reached;
        }, notes),
        peer: highestStep(async (step) => {
          const rate = Math.round(topicsAt(step) * one.perSecond);
          peer.ask(`${rate} ${one.text}`);
          const reached = await counted('peer', { pid: peer.pid, crowd: peerCrowd }, rate);
          peer.ask(`0 ${one.text}`);
          return reached;
        }, notes),
        notes,
        close: async () => {
          crowd.stop();
          peerCrowd.stop();
          await peer.stop();
          await server.stop();
        },
      };
    },
  },
];

/** What one client of one topic gets: how often, and what such a frame looks like. */
async function measureOneTopic(url, token) {
  const crowd = startCrowd();
  await crowd.ask('open', {
    url: `${url.replace('http', 'ws')}/v1/stream`,
    count: 1,
    hello: [
      { op: 'auth', token },
      { op: 'subscribe', id: '1', channel: 'quotes', params: { instrument: instruments[0] } },
    ],
  });
  const { perSecond, lost, text } = await crowd.ask('count', { seconds: 3, settleSeconds });
  crowd.stop();
  if (lost > 0 || perSecond < 25) {
    throw new Error(`one client gets ${perSecond} frames/s of one topic, ${lost} lost`);
  }
  return { perSecond, text };
}
