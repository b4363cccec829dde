import { createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, dayMs, hourMs } from '../../kernel/time.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { invariant } from '../../kernel/invariant.js';
import { Database } from '../../platform/database/database.service.js';
import { Secrets } from './secrets.adapter.js';

export type KeyPurpose = 'access' | 'refresh';

export interface SigningKey {
  readonly kid: string;
  readonly secret: KeyObject;
  readonly createdMs: number;
}

/** A key signs for this long, then a new one takes over; it goes on verifying until nothing it signed can be alive. */
const signsForMs = 30 * dayMs;
/** Longer than any session may last. */
const verifiesForMs = signsForMs + 366 * dayMs;
/** A new key signs only after every server, rereading hourly, has learned to verify it. */
const announcedForMs = 2 * hourMs;
/** Serialises "is there a key? else make one" between servers that start together. */
const lockName = 'gateway.signing-keys';

/** 256-bit keys, kept in the database so that a restart signs nobody out, and rotated by age. Known by their `kid`. */
@Injectable()
export class SigningKeys {
  private readonly keys: Record<KeyPurpose, Map<string, SigningKey>> = {
    access: new Map(),
    refresh: new Map(),
  };
  private readonly signing: Record<KeyPurpose, SigningKey | null> = { access: null, refresh: null };

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly secrets: Secrets,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
  }
  private readonly log: Log;

  /** Reads all keys; makes the first, and the next when the newest is old. Called at start and now and then. */
  async load(): Promise<void> {
    const nowMs = this.clock.nowMs();
    await this.database.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [lockName]);
      await tx.query('DELETE FROM gateway.signing_keys WHERE created_ms < $1', [nowMs - verifiesForMs]);
      for (const purpose of ['access', 'refresh'] as const) {
        const { rowCount } = await tx.query(
          'SELECT 1 FROM gateway.signing_keys WHERE purpose = $1 AND created_ms > $2',
          [purpose, nowMs - signsForMs],
        );
        if (rowCount > 0) continue;
        const kid = this.ids.next();
        await tx.query(
          'INSERT INTO gateway.signing_keys (kid, purpose, secret, created_ms) VALUES ($1, $2, $3, $4)',
          [kid, purpose, this.secrets.bytes(32), nowMs],
        );
        this.log.info({ kid, purpose }, 'made a new signing key');
      }
      const { rows } = await tx.query<{
        kid: string;
        purpose: KeyPurpose;
        secret: Buffer;
        createdMs: number;
      }>(
        'SELECT kid, purpose, secret, created_ms AS "createdMs" FROM gateway.signing_keys ORDER BY created_ms, kid',
      );
      const keys = { access: new Map<string, SigningKey>(), refresh: new Map<string, SigningKey>() };
      for (const { kid, purpose, secret, createdMs } of rows) {
        const key = { kid, secret: createSecretKey(secret), createdMs };
        keys[purpose].set(kid, key);
      }
      Object.assign(this.keys, keys);
      for (const purpose of ['access', 'refresh'] as const) {
        const all = [...keys[purpose].values()];
        this.signing[purpose] =
          all.findLast(({ createdMs }) => createdMs <= nowMs - announcedForMs) ?? all[0];
      }
    });
  }

  /** The key that signs now. */
  current(purpose: KeyPurpose): SigningKey {
    const key = this.signing[purpose];
    invariant(key !== null, 'signing keys are loaded before anybody signs in', { purpose });
    return key;
  }

  find(purpose: KeyPurpose, kid: string): SigningKey | null {
    return this.keys[purpose].get(kid) ?? null;
  }
}
