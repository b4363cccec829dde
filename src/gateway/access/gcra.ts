/** `quota` requests in `windowMs`: a full burst at once, then one every `windowMs / quota`. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  readonly windowMs: number;
}

export interface Decision {
  readonly allowed: boolean;
  /** Requests that would still be allowed right now. */
  readonly remaining: number;
  /** Time until the full quota is back. */
  readonly resetMs: number;
  /** Time until the next request is allowed; 0 when it already is. */
  readonly retryMs: number;
  /** When the quota will be full again: all there is to remember of a caller. */
  readonly fullAtMs: number;
}

/** Rounding of `windowMs / quota` may not cost the last request of a burst. */
const slackMs = 1e-6;

/**
 * Generic cell rate algorithm (ITU-T I.371): one number per caller, no timer, no list of hits.
 * In any span of `s` ms at most `quota + s × quota / windowMs` requests are allowed; a refused one costs nothing.
 */
export function decide(policy: Policy, fullAtMs: number, nowMs: number): Decision {
  const { quota, windowMs } = policy;
  const stepMs = windowMs / quota;
  const debtMs = Math.max(0, fullAtMs - nowMs);
  const owedMs = debtMs + stepMs;
  if (owedMs <= windowMs + slackMs) {
    const remaining = Math.floor((windowMs - owedMs + slackMs) / stepMs);
    return { allowed: true, remaining, resetMs: owedMs, retryMs: 0, fullAtMs: nowMs + owedMs };
  }
  return { allowed: false, remaining: 0, resetMs: debtMs, retryMs: owedMs - windowMs, fullAtMs };
}

/** `100/10` is 100 requests in 10 seconds. Throws RangeError. */
export function readPolicy(name: string, text: string): Policy {
  const match = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text);
  if (match === null) throw new RangeError(`not a rate: ${text}`);
  return { name, quota: Number(match[1]), windowMs: Number(match[2]) * 1000 };
}
