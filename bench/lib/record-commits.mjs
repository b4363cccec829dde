import { appendFileSync, writeFileSync } from 'node:fs';
import { Database } from '../../dist/src/platform/database/database.service.js';

/**
 * Keeps what the desk of this process commits, statement by statement as it goes to the driver, until it is written to a
 * file. In a server (`node --import`) that is COMMITS_FILE at each SIGUSR2, and a file `.done` beside it tells when.
 */
const commits = [];

const { query } = Database.prototype;
Database.prototype.query = function (text, params, name) {
  if (name?.startsWith('desk desk ')) commits.push([name, text, params]);
  return query.call(this, text, params, name);
};

/** What came since the last time, one statement a line, for the peer that writes them again. */
export function writeCommits(file) {
  const lines = commits.splice(0).map((commit) => `${JSON.stringify(commit)}\n`);
  writeFileSync(file, '');
  for (const line of lines) appendFileSync(file, line);
}

const { COMMITS_FILE } = process.env;
if (COMMITS_FILE)
  process.on('SIGUSR2', () => {
    writeCommits(COMMITS_FILE);
    writeFileSync(`${COMMITS_FILE}.done`, '');
  });
