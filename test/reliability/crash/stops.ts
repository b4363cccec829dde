/** Places in the server where it can be held still while somebody is killed, in the order an order passes them. */
export const stops = [
  'after-fill',
  'before-insert',
  'before-commit',
  'before-publish',
  'before-reply',
] as const;
export type Stop = (typeof stops)[number];

export const stopSays: Readonly<Record<Stop, string>> = {
  'after-fill': 'after a fill, before anything of it is recorded',
  'before-insert': 'before the batch is inserted',
  'before-commit': 'after the insert, before the commit',
  'before-publish': 'after the commit, before anybody hears of it',
  'before-reply': 'after the commit, before the answer',
};

/** Ways to build the same system wrong; each must turn the proof red. */
export const defects = [
  'synchronous-commit-off',
  'unique-index-dropped',
  'acknowledge-before-commit',
  'retry-with-a-new-id',
  'in-memory-dedupe-only',
  'publish-before-commit',
] as const;
export type Defect = (typeof defects)[number];

/** An account's log position and the hash of its state there. */
export type StateHashes = Readonly<Record<string, { readonly seq: number; readonly hash: string }>>;

/** What the harness says to the adapter inside the server. */
export type ToServer = { readonly arm: Stop | null } | { readonly hashes: true };
/** It stands still; memory there has a hash unless it is between two states. */
export interface StoppedAt {
  readonly stoppedAt: Stop;
  readonly hashes: StateHashes | null;
}

/** What the adapter says back: memory as read from the database at the start, or memory now. */
export type FromServer = { readonly started: StateHashes } | { readonly hashes: StateHashes };
