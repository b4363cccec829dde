declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';
  import type { Submittable } from 'pg';

  /** A sink for `COPY … FROM STDIN`; `rowCount` is set once it has finished. */
  export function from(sql: string): Writable & Submittable & { rowCount: number };
}
