import { Problem, problem } from '../../kernel/errors.js';
import { type Metrics, NoMetrics } from '../../kernel/metrics.js';
import type { PortClass, PortMethodKind } from '../../kernel/port.js';
import type { Secret } from '../config/secret.js';
import { rpcProblem } from './errors.js';
import { type Answer, type Send, SendFault, sendKeepAlive } from './keep-alive.adapter.js';
import { callSeconds } from './rpc.metrics.js';
import { fromWire, rpcPath, saidByPort } from './wire.js';

export interface RemoteOptions {
  /** Instances that serve the port, e.g. `http://10.0.0.7:3000`; asked in turn. A function is asked at every call. */
  readonly baseUrls: readonly string[] | (() => readonly string[]);
  readonly token: Secret;
  /** Longest time of one call, its retry included; 10 s unless told. */
  readonly callMs?: number;
  readonly metrics?: Metrics;
  /** How to post; tests give their own. */
  readonly send?: Send;
}

/**
 * The port of another process as if it were here: same methods, same problems. When the other side cannot be asked
 * the problem is UPSTREAM_UNAVAILABLE (nothing happened there), when it did not answer UPSTREAM_TIMEOUT or
 * UPSTREAM_FAULT (nobody knows). Reads and keyed calls that found no connection are tried once more; acts never.
 */
export function remotePort<Port extends object>(port: PortClass<Port>, options: RemoteOptions): Port {
  const { name, methods } = port.port;
  const caller = new RemoteCaller(name, options);
  const remote = Object.create(port.prototype) as Record<string, unknown>;
  for (const [method, kind] of Object.entries(methods) as [string, PortMethodKind][]) {
    Object.defineProperty(remote, method, {
      value: (argument: unknown) => caller.call(method, kind, argument),
    });
  }
  return remote as Port;
}

class RemoteCaller {
  private turn = 0;
  private readonly send: Send;
  private readonly callMs: number;
  private readonly headers: Record<string, string>;
  private readonly urls: () => readonly string[];
  private readonly seconds: ReturnType<typeof callSeconds>;

  constructor(
    private readonly port: string,
    { baseUrls, token, callMs = 10_000, metrics = new NoMetrics(), send = sendKeepAlive }: RemoteOptions,
  ) {
    this.send = send;
    this.callMs = callMs;
    this.headers = { authorization: `Bearer ${token.reveal()}` };
    this.urls = typeof baseUrls === 'function' ? baseUrls : () => baseUrls;
    this.seconds = callSeconds(metrics);
  }

  async call(method: string, kind: PortMethodKind, argument: unknown): Promise<unknown> {
    const startMs = performance.now();
    let outcome = 'ok';
    try {
      const { status, body } = await this.ask(method, kind, argument, startMs + this.callMs);
      if (status === 204) return undefined;
      if (status === 200) return this.read(method, body);
      throw fromWire(status, body, this.name(method));
    } catch (error) {
      outcome = error instanceof Problem ? error.code : 'UPSTREAM_FAULT';
      throw error;
    } finally {
      this.seconds.observe((performance.now() - startMs) / 1000, { port: this.port, method, outcome });
    }
  }

  private async ask(
    method: string,
    kind: PortMethodKind,
    argument: unknown,
    untilMs: number,
  ): Promise<Answer> {
    const body = argument === undefined ? undefined : JSON.stringify(argument);
    for (let tries = kind === 'act' ? 1 : 2; ; tries -= 1) {
      const timeoutMs = Math.max(1, Math.ceil(untilMs - performance.now()));
      try {
        const url = this.nextUrl(method) + rpcPath(this.port, method);
        const answer = await this.send({ url, headers: this.headers, body, timeoutMs });
        // An instance that is going down says so before it looks at the call; another one may take it.
        if (answer.status !== 503 || tries === 1 || saidByPort(answer.body)) return answer;
      } catch (error) {
        if (!(error instanceof SendFault)) throw error;
        if (tries === 1 || error.reason === 'timeout') throw this.problemOf(method, error);
      }
    }
  }

  private nextUrl(method: string): string {
    const urls = this.urls();
    if (urls.length === 0) {
      throw rpcProblem('UPSTREAM_UNAVAILABLE', {
        detail: `no process that serves ${this.name(method)} is known; see STATIC_SERVICES`,
        retryAfterSeconds: 1,
      });
    }
    this.turn = (this.turn + 1) % urls.length;
    return urls[this.turn];
  }

  private read(method: string, body: string): unknown {
    try {
      return JSON.parse(body);
    } catch {
      throw problem('UPSTREAM_FAULT', { detail: `${this.name(method)} answered something that is not JSON` });
    }
  }

  private problemOf(method: string, { reason, message }: SendFault): Problem {
    const name = this.name(method);
    if (reason === 'refused') {
      const detail = `${name} could not be asked (${message}); nothing happened there, try again`;
      return rpcProblem('UPSTREAM_UNAVAILABLE', { detail, retryAfterSeconds: 1 });
    }
    if (reason === 'timeout') {
      return problem('UPSTREAM_TIMEOUT', {
        detail: `${name}: ${message}; whether it happened is unknown, ask`,
      });
    }
    return problem('UPSTREAM_FAULT', {
      detail: `${name}: the connection broke (${message}); whether it happened is unknown, ask`,
    });
  }

  private name(method: string): string {
    return `${this.port}.${method}`;
  }
}
