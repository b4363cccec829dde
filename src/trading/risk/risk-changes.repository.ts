import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import { cursorOf, type Page, pageOf, type PageQuery, readCursor } from '../../kernel/page.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { RiskChange } from '../contract/risk.js';

interface Row {
  seq: number;
  kind: RiskChange['kind'];
  time_ms: number;
  actor: string;
  before: object;
  after: object;
}

const limitDefault = 100;

/** The trail of risk changes of an account, or of all accounts together; the desk writes it. */
@Injectable()
export class RiskChangesRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. Throws REQUEST_INVALID for a cursor it did not give out. */
  async list(scope: string, { cursor, limit = limitDefault }: PageQuery): Promise<Page<RiskChange>> {
    const { rows } = await this.database.query<Row>(
      `SELECT seq, kind, time_ms, actor, before, after FROM trading.risk_changes
       WHERE scope = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
      [scope, cursor === undefined ? Number.MAX_SAFE_INTEGER : seqOf(cursor), limit + 1],
      'risk_changes',
    );
    return pageOf(rows, limit, changeOf, ({ seq }) => cursorOf(seq));
  }
}

function changeOf({ seq, kind, time_ms, actor, before, after }: Row): RiskChange {
  return { seq, kind, time: toRfc3339(time_ms), actor, before, after };
}

function seqOf(cursor: string): number {
  const key = readCursor(cursor, ['number']);
  if (key !== null && Number.isSafeInteger(key[0])) return key[0] as number;
  const detail = 'is no cursor of this list; start again without one';
  throw problem('REQUEST_INVALID', { detail: `cursor ${detail}`, errors: [{ pointer: '?cursor', detail }] });
}
