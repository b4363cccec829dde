import { Injectable } from '@nestjs/common';
import { toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { Replay, type StartReplay } from '../contract/replays.js';

export interface StoredReplay {
  readonly id: string;
  readonly owner: string;
  readonly state: 'running' | 'succeeded' | 'failed' | 'canceled';
  readonly request: StartReplay;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  readonly played: number;
  readonly problem: unknown;
}

interface Row {
  id: string;
  owner: string;
  state: StoredReplay['state'];
  request: StartReplay;
  from_ms: number;
  to_ms: number;
  now_ms: number;
  played: number;
  problem: unknown;
}

const columns = 'id, owner, state, request, from_ms, to_ms, now_ms, played, problem';

/** `data.replays`: the sessions there were; what they played is nowhere but in their consumers. */
@Injectable()
export class ReplayRepository {
  constructor(private readonly database: Database) {}

  async insert(replay: StoredReplay, createdMs: number): Promise<void> {
    const { id, owner, state, request, fromMs, toMs, nowMs, played } = replay;
    await this.database.query(
      `INSERT INTO data.replays (id, owner, state, request, from_ms, to_ms, now_ms, played, created_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [id, owner, state, JSON.stringify(request), fromMs, toMs, nowMs, played, createdMs],
    );
  }

  /** How far a running replay is; with `ended`, how it ended. A replay that has ended stays as it is. */
  async update(replay: StoredReplay, ended: { finishedMs: number } | null): Promise<void> {
    const { id, state, nowMs, played, problem } = replay;
    await this.database.query(
      `UPDATE data.replays SET state = $2, now_ms = $3, played = $4, problem = $5, finished_ms = $6
       WHERE id = $1 AND state = 'running'`,
      [
        id,
        state,
        nowMs,
        played,
        problem === null ? null : JSON.stringify(problem),
        ended?.finishedMs ?? null,
      ],
    );
  }

  async get(id: string): Promise<StoredReplay | null> {
    const { rows } = await this.database.query<Row>(`SELECT ${columns} FROM data.replays WHERE id = $1`, [
      id,
    ]);
    return rows.length === 0 ? null : replayOf(rows[0]);
  }

  /** Newest first; `owner` null: everybody's. */
  async list(query: {
    owner: string | null;
    beforeId: string | null;
    limit: number;
  }): Promise<StoredReplay[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.replays
       WHERE ($1::text IS NULL OR owner = $1) AND ($2::text IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [query.owner, query.beforeId, query.limit],
    );
    return rows.map(replayOf);
  }

  async running(): Promise<StoredReplay[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.replays WHERE state = 'running' ORDER BY id`,
    );
    return rows.map(replayOf);
  }
}

function replayOf(row: Row): StoredReplay {
  const { id, owner, state, request, from_ms: fromMs, to_ms: toMs, now_ms: nowMs, played, problem } = row;
  return { id, owner, state, request, fromMs, toMs, nowMs, played, problem };
}

/** The contract's view of a session. */
export function replayView(replay: StoredReplay): Replay {
  const { id, state, request, fromMs, toMs, nowMs, played, problem } = replay;
  const share = (nowMs - fromMs) / (toMs - fromMs);
  return Object.assign(new Replay(), {
    id,
    state,
    instruments: request.instruments,
    timeframe: request.timeframe ?? null,
    from: toRfc3339(fromMs),
    to: toRfc3339(toMs),
    now: toRfc3339(nowMs),
    progress: state === 'succeeded' ? 1 : Math.min(1, Math.max(0, share)),
    played,
    accounts: request.accounts,
    problem,
  });
}
