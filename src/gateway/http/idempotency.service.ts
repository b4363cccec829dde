import { createHash } from 'node:crypto';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Problem, problem } from '../../kernel/errors.js';
import { Clock, dayMs, hourMs } from '../../kernel/time.js';
import { Log } from '../../kernel/log.js';
import { Database } from '../../platform/database/database.service.js';
import { gatewayProblem } from '../contract/errors.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { canonicalJson } from './canonical-json.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const keptMs = 7 * dayMs;
/** No request runs longer; one that seems to was lost with its server. */
const runsForMsMax = 60_000;
/** Where the module behind keeps the key too, nothing can be done twice: whoever asks again need not wait so long. */
const repeatableRunsForMsMax = 5_000;
const keyPattern = /^[\x21-\x7e]{1,200}$/;

interface Row {
  readonly requestHash: string;
  readonly state: 'running' | 'done' | 'unknown';
  readonly startedMs: number;
  readonly status: number | null;
  readonly body: string | null;
}

export interface KeyedRequest {
  readonly request: SignedRequest;
  readonly reply: Reply;
  /** What must be equal for the key to be: the body, and the query where it matters. */
  readonly content: unknown;
  /** May `act` be done again after an unknown outcome? Only where the port takes the key too. */
  readonly repeatable: boolean;
  /** Success status; 201 unless said. */
  readonly status?: number;
  readonly act: (key: string | undefined) => Promise<unknown>;
}

/**
 * Creating requests that carry an `Idempotency-Key` act once: the same key and content gets the first answer again,
 * byte for byte; other content is refused; a request still at work is told to wait. Kept for seven days.
 */
@Injectable()
export class Idempotency implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private readonly log: Log;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly metrics: GatewayMetrics,
    log: Log,
  ) {
    this.log = log.of('gateway.idempotency');
  }

  onModuleInit(): void {
    this.timer = setInterval(() => {
      this.forget().catch((error: unknown) =>
        this.log.warn({ error: (error as Error).message }, 'old idempotency keys could not be forgotten'),
      );
    }, hourMs).unref();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Forgets keys older than seven days. */
  async forget(): Promise<void> {
    await this.database.query('DELETE FROM gateway.idempotency WHERE started_ms < $1', [
      this.clock.nowMs() - keptMs,
    ]);
  }

  /** Throws IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_OUTCOME_UNKNOWN, and what `act` throws. */
  async once(keyed: KeyedRequest): Promise<unknown> {
    const { request, reply, act, status = 201 } = keyed;
    const key = keyOf(request);
    if (key === undefined) {
      reply.status(status);
      return act(undefined);
    }
    const owner = request.principal.userId;
    const route = `${request.method} ${request.url.split('?')[0]}`;
    const requestHash = createHash('sha256')
      .update(`${route}\n${canonicalJson(keyed.content)}`)
      .digest('hex');
    const earlier = await this.claim({ owner, key, requestHash, repeatable: keyed.repeatable });
    reply.header('Idempotency-Key', key);
    if (earlier !== null) {
      this.metrics.idempotency.inc({ outcome: 'replayed' });
      reply.status(earlier.status!).header('Idempotency-Replayed', 'true');
      reply.header('content-type', 'application/json; charset=utf-8');
      return earlier.body;
    }
    this.metrics.idempotency.inc({ outcome: 'first' });
    let body: string;
    try {
      body = JSON.stringify(await act(key));
    } catch (error) {
      await this.giveUp({
        owner,
        key,
        certain: error instanceof Problem && error.kind.retryable !== 'unknown',
      });
      throw error;
    }
    await this.database.query(
      `UPDATE gateway.idempotency SET state = 'done', status = $3, body = $4 WHERE owner = $1 AND key = $2`,
      [owner, key, status, body],
      'gateway-idempotency-done',
    );
    reply.status(status).header('content-type', 'application/json; charset=utf-8');
    return body;
  }

  /** Null when this request is the first and must act; otherwise the answer to give again. */
  private async claim(claim: {
    owner: string;
    key: string;
    requestHash: string;
    repeatable: boolean;
  }): Promise<Row | null> {
    const nowMs = this.clock.nowMs();
    const { rowCount } = await this.database.query(
      `INSERT INTO gateway.idempotency (owner, key, request_hash, state, started_ms)
       VALUES ($1, $2, $3, 'running', $4) ON CONFLICT DO NOTHING`,
      [claim.owner, claim.key, claim.requestHash, nowMs],
      'gateway-idempotency-claim',
    );
    if (rowCount === 1) return null;
    const { rows } = await this.database.query<Row>(
      `SELECT request_hash AS "requestHash", state, started_ms AS "startedMs", status, body
       FROM gateway.idempotency WHERE owner = $1 AND key = $2`,
      [claim.owner, claim.key],
      'gateway-idempotency-read',
    );
    const [row] = rows;
    // The first failed between our two looks: it is ours to try.
    if (row === undefined) return this.claim(claim);
    if (row.requestHash !== claim.requestHash) {
      this.metrics.idempotency.inc({ outcome: 'reused' });
      throw problem('IDEMPOTENCY_KEY_REUSED', {
        detail: 'this Idempotency-Key was used for another request; use a new key for new content',
      });
    }
    if (row.state === 'done') return row;
    const waitMsMax = claim.repeatable ? repeatableRunsForMsMax : runsForMsMax;
    const lost = row.state === 'unknown' || nowMs - row.startedMs > waitMsMax;
    if (!lost) {
      this.metrics.idempotency.inc({ outcome: 'in-flight' });
      throw problem('IDEMPOTENCY_IN_FLIGHT', {
        detail: 'the first request with this Idempotency-Key is still at work; send it again in a second',
        retryAfterSeconds: 1,
      });
    }
    if (claim.repeatable && (await this.takeOver(claim, row, nowMs))) return null;
    this.metrics.idempotency.inc({ outcome: 'unknown' });
    throw gatewayProblem('IDEMPOTENCY_OUTCOME_UNKNOWN', {
      detail:
        'the first request with this Idempotency-Key was interrupted; look whether it took effect, then use a new key',
    });
  }

  private async takeOver(claim: { owner: string; key: string }, row: Row, nowMs: number): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `UPDATE gateway.idempotency SET state = 'running', started_ms = $4
       WHERE owner = $1 AND key = $2 AND started_ms = $3 AND state <> 'done'`,
      [claim.owner, claim.key, row.startedMs, Math.max(nowMs, row.startedMs + 1)],
    );
    return rowCount === 1;
  }

  /** A refusal changed nothing, so the key is free again; a fault may have, so the key keeps saying that nobody knows. */
  private async giveUp(claim: { owner: string; key: string; certain: boolean }): Promise<void> {
    await this.database.query(
      claim.certain
        ? 'DELETE FROM gateway.idempotency WHERE owner = $1 AND key = $2'
        : `UPDATE gateway.idempotency SET state = 'unknown' WHERE owner = $1 AND key = $2`,
      [claim.owner, claim.key],
    );
  }
}

function keyOf(request: SignedRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  // The draft standard quotes it; most clients do not.
  const key = typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : '';
  if (keyPattern.test(key)) return key;
  throw gatewayProblem('IDEMPOTENCY_KEY_INVALID', {
    detail: 'Idempotency-Key must be 1 to 200 visible ASCII characters, sent once',
  });
}
