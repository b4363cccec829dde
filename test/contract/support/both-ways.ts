import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe } from 'vitest';
import { Problem, problemKinds } from '../../../src/kernel/errors.js';
import { SilentLog } from '../../../src/kernel/log.js';
import { NoMetrics } from '../../../src/kernel/metrics.js';
import type { PortClass } from '../../../src/kernel/port.js';
import { Secret } from '../../../src/platform/config/config.js';
import { remotePort } from '../../../src/platform/rpc/port-client.adapter.js';
import { PortServer } from '../../../src/platform/rpc/port-server.adapter.js';
import { lostInJson } from './survives-json.js';

export interface LocalSide<Port extends object> {
  /** The service that answers in this process. */
  readonly port: Port;
  /** Ends what setup began. */
  close?(): Promise<void> | void;
}

/**
 * Runs one suite of a port twice: in process, and over HTTP on loopback with `remotePort` in front of a real port
 * server. Both times every argument, answer and problem must come through JSON as it was. `setup` runs once for each way; the
 * suite gets a function that gives what setup made, its `port` being the side under test:
 *
 *     describePort('trading.orders', Orders, anOrderDesk, (subject) => {
 *       it('answers the order it was given', async () => {
 *         const { port, accountId } = subject();
 *         …
 */
export function describePort<Port extends object, Side extends LocalSide<Port>>(
  name: string,
  portClass: PortClass<Port>,
  setup: () => Promise<Side> | Side,
  suite: (subject: () => Side) => void,
): void {
  describe.each(['in process', 'over the wire'] as const)(`${name}, %s`, (way) => {
    let local: Side;
    let subject: Side;
    let server: FastifyInstance | undefined;

    beforeAll(async () => {
      local = await setup();
      const checked = throughJson(portClass, local.port);
      if (way === 'in process') {
        subject = { ...local, port: checked };
        return;
      }
      const token = new Secret('between-the-two-ways');
      server = fastify({ forceCloseConnections: true });
      new PortServer(token, new SilentLog(), new NoMetrics()).serve(portClass, checked).attach(server);
      const baseUrl = await server.listen({ port: 0, host: '127.0.0.1' });
      subject = { ...local, port: remotePort(portClass, { baseUrls: [baseUrl], token }) };
    });
    afterAll(async () => {
      await server?.close();
      await local?.close?.();
    });

    suite(() => subject);
  });
}

/** The port with every call passed through JSON; what JSON would change is a failure of the test, not of the port. */
export function throughJson<Port extends object>(portClass: PortClass<Port>, local: Port): Port {
  const checked = Object.create(portClass.prototype) as Record<string, unknown>;
  for (const method of Object.keys(portClass.port.methods)) {
    const where = `${portClass.port.name}.${method}`;
    checked[method] = async (argument: unknown) => {
      const call = (local as Record<string, (argument: unknown) => Promise<unknown>>)[method];
      const given = copy(argument, `the argument of ${where}`);
      try {
        return copy(await call.call(local, given), `the answer of ${where}`);
      } catch (error) {
        if (error instanceof Problem) checkProblem(error, where);
        throw error;
      }
    };
  }
  return checked as Port;
}

function checkProblem({ code, content }: Problem, where: string): void {
  copy(content, `the problem ${code} of ${where}`);
  if (!problemKinds().has(code)) throw new Error(`${where} threw ${code}, which no catalogue declares`);
}

function copy<T>(value: T, what: string): T {
  const lost = lostInJson(value);
  if (lost !== null) throw new TypeError(`${what} does not survive JSON: ${lost}`);
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
