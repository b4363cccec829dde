import { Injectable } from '@nestjs/common';
import { toRfc3339 } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { Job, type JobState } from '../contract/jobs.js';

interface Row {
  id: string;
  kind: string;
  owner: string;
  state: JobState;
  progress: number;
  detail: string;
  request: unknown;
  kept: unknown;
  started_ms: number | null;
  finished_ms: number | null;
  result: unknown;
  problem: unknown;
}

/** A job with what only the server needs to know. */
export interface StoredJob {
  readonly job: Job;
  readonly owner: string;
  readonly request: unknown;
  /** What a resumable job kept of itself; null when it has not yet. */
  readonly kept: unknown;
}

export interface JobChange {
  readonly state: JobState;
  readonly progress: number;
  readonly detail: string;
  readonly startedMs?: number;
  readonly finishedMs?: number;
  readonly result?: unknown;
  readonly problem?: unknown;
}

const columns =
  'id, kind, owner, state, progress, detail, request, kept, started_ms, finished_ms, result, problem';

/** `data.jobs`. */
@Injectable()
export class JobRepository {
  constructor(private readonly database: Database) {}

  async insert(job: {
    id: string;
    kind: string;
    owner: string;
    request: unknown;
    createdMs: number;
  }): Promise<Job> {
    const { rows } = await this.database.query<Row>(
      `INSERT INTO data.jobs (id, kind, owner, state, progress, detail, request, created_ms)
       VALUES ($1, $2, $3, 'queued', 0, 'waits for its turn', $4, $5) RETURNING ${columns}`,
      [job.id, job.kind, job.owner, JSON.stringify(job.request), job.createdMs],
    );
    return jobOf(rows[0]);
  }

  /** Changes a job that has not ended, and answers it; null when it has. */
  async change(id: string, change: JobChange): Promise<StoredJob | null> {
    const { rows } = await this.database.query<Row>(
      `UPDATE data.jobs SET state = $2, progress = $3, detail = $4, started_ms = coalesce($5, started_ms),
         finished_ms = $6, result = coalesce($7::jsonb, result), problem = coalesce($8::jsonb, problem)
       WHERE id = $1 AND state IN ('queued', 'running') RETURNING ${columns}`,
      [
        id,
        change.state,
        change.progress,
        change.detail.slice(0, 2000),
        change.startedMs ?? null,
        change.finishedMs ?? null,
        change.result === undefined ? null : JSON.stringify(change.result),
        change.problem === undefined ? null : JSON.stringify(change.problem),
      ],
    );
    return rows.length === 0 ? null : storedOf(rows[0]);
  }

  /** Writes down from where a resumable job goes on, in the transaction of what it has just done. */
  async keep(sql: Sql, id: string, kept: unknown): Promise<void> {
    await sql.query(
      'UPDATE data.jobs SET kept = $2 WHERE id = $1',
      [id, JSON.stringify(kept)],
      'data-jobs-keep',
    );
  }

  async get(id: string): Promise<StoredJob | null> {
    const { rows } = await this.database.query<Row>(`SELECT ${columns} FROM data.jobs WHERE id = $1`, [id]);
    return rows.length === 0 ? null : storedOf(rows[0]);
  }

  /** Newest first; `owner` null: everybody's. `beforeId` null: from the newest. */
  async list(query: { owner: string | null; beforeId: string | null; limit: number }): Promise<Job[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.jobs
       WHERE ($1::text IS NULL OR owner = $1) AND ($2::text IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [query.owner, query.beforeId, query.limit],
    );
    return rows.map(jobOf);
  }

  /** Jobs that have not ended, oldest first. */
  async unfinished(limit: number): Promise<StoredJob[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.jobs WHERE state IN ('queued', 'running') ORDER BY id LIMIT $1`,
      [limit],
    );
    return rows.map(storedOf);
  }
}

function storedOf(row: Row): StoredJob {
  return { job: jobOf(row), owner: row.owner, request: row.request, kept: row.kept };
}

function jobOf(row: Row): Job {
  return Object.assign(new Job(), {
    id: row.id,
    kind: row.kind,
    state: row.state,
    progress: row.progress,
    detail: row.detail,
    startedAt: row.started_ms === null ? null : toRfc3339(row.started_ms),
    finishedAt: row.finished_ms === null ? null : toRfc3339(row.finished_ms),
    result: row.result,
    problem: row.problem,
  });
}
