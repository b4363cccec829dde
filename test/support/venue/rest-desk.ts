import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from './dialect.js';
import type { RestFault } from './faults.js';

/** Answers the requests of one venue: through its dialect, within its budget, or with the fault that is due. */
export class RestDesk {
  readonly faults: RestFault[] = [];
  /** Path and query of each request, in order, with the status it was answered with (0: none yet). */
  readonly requests: { target: string; status: number }[] = [];
  private minute = 0;
  private used = 0;

  constructor(
    private readonly dialect: Dialect,
    private readonly weightPerMinuteMax: number,
  ) {}

  /** The first fault that concerns `path`; one that has happened often enough is gone. */
  due(path: string): RestFault | null {
    const at = this.faults.findIndex((fault) => path.includes(fault.path ?? '/'));
    if (at === -1) return null;
    const fault = this.faults[at];
    if (fault.times === 1) this.faults.splice(at, 1);
    else if (fault.times !== undefined) this.faults[at] = { ...fault, times: fault.times - 1 };
    return fault;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, 'http://venue.test');
    const entry = { target: request.url!, status: 0 };
    this.requests.push(entry);
    const fault = this.due(pathname);
    const say = (status: number, body: string, type = 'application/json'): void => {
      entry.status = status;
      if (fault?.retryAfterSeconds !== undefined) {
        response.setHeader('Retry-After', String(fault.retryAfterSeconds));
      }
      response.writeHead(status, { 'Content-Type': type });
      response.end(body);
    };
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'reset':
        request.socket.destroy();
        return;
      case 'html':
        return say(200, '<html><body>We will be back soon</body></html>', 'text/html');
      case 'status':
        return fault.status !== undefined && fault.status < 500
          ? say(fault.status, '{"code":-1003,"msg":"a fault on demand"}')
          : say(fault.status ?? 503, '<html><body>Service Unavailable</body></html>', 'text/html');
    }
    const answer = this.dialect.answer({
      method: request.method!,
      path: pathname,
      query: searchParams,
      headers: request.headers,
    }) ?? {
      status: 404,
      body: { code: -1, msg: `the simulated venue has no ${request.method} ${pathname}` },
    };
    if (this.overBudget(answer.weight ?? 1, response)) {
      response.setHeader('Retry-After', String(60 - Math.floor((Date.now() / 1000) % 60)));
      return say(429, '{"code":-1003,"msg":"Too much request weight used."}');
    }
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    say(answer.status, fault?.kind === 'cut' ? body.slice(0, body.length >> 1) : body);
  }

  private overBudget(weight: number, response: ServerResponse): boolean {
    const minute = Math.floor(Date.now() / 60_000);
    if (this.minute !== minute) this.used = 0;
    this.minute = minute;
    this.used += weight;
    response.setHeader('X-MBX-USED-WEIGHT-1M', String(this.used));
    return this.used > this.weightPerMinuteMax;
  }
}
