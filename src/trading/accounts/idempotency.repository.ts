import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import { Clock, dayMs } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { AnswerKey } from '../desk/account-acts.js';

const keptMs = 7 * dayMs;
/** Old keys are swept this often, when a new one comes by. */
const sweepEveryMs = 3_600_000;

/**
 * Keys of creating commands. The answer of a key is written by the desk in the commit of the act itself;
 * here it is looked up before, and two commands under one key at the same time are told apart.
 */
@Injectable()
export class IdempotencyRepository {
  private readonly inFlight = new Set<string>();
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Answers what the key answered first, or runs `act`, which must store the answer under the key with what it does.
   * Throws IDEMPOTENCY_KEY_REUSED for other content and IDEMPOTENCY_IN_FLIGHT while the first is still at work.
   */
  async once<T extends object>(key: AnswerKey | null, act: () => Promise<T>): Promise<T> {
    if (key === null) return act();
    const name = `${key.scope} ${key.key}`;
    if (this.inFlight.has(name)) {
      throw problem('IDEMPOTENCY_IN_FLIGHT', {
        detail: 'a request with this key is still at work; send it again in a moment for its answer',
        retryAfterSeconds: 1,
      });
    }
    this.inFlight.add(name);
    try {
      return ((await this.find(key)) as T | null) ?? (await act());
    } finally {
      this.inFlight.delete(name);
    }
  }

  private async find(key: AnswerKey): Promise<object | null> {
    await this.sweep();
    const { rows } = await this.database.query<{ content_hash: string; answer: object }>(
      'SELECT content_hash, answer FROM trading.idempotency_keys WHERE scope = $1 AND key = $2 AND created_ms > $3',
      [key.scope, key.key, this.clock.nowMs() - keptMs],
    );
    if (rows.length === 0) return null;
    if (rows[0].content_hash === key.contentHash) return rows[0].answer;
    throw problem('IDEMPOTENCY_KEY_REUSED', {
      detail:
        'this key was used for a request with other content within seven days; send this one under a new key',
    });
  }

  private async sweep(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.sweptAtMs < sweepEveryMs) return;
    this.sweptAtMs = nowMs;
    const before = this.clock.nowMs() - keptMs;
    await this.database.query('DELETE FROM trading.idempotency_keys WHERE created_ms <= $1', [before]);
  }
}
