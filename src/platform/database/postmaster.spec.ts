import { describe, expect, it } from 'vitest';
import { lastWords, parsePostmasterFile, readComplaint } from './postmaster.js';

describe('the pid file of PostgreSQL', () => {
  it('tells process, folder, port and state of a running server', () => {
    const text = '10443\n/data/postgres\n1795406734\n54999\n\nlocalhost\n  2146731         9\nready   \n';
    expect(parsePostmasterFile(text)).toEqual({
      pid: 10443,
      directory: '/data/postgres',
      port: 54999,
      status: 'ready',
    });
  });

  it('knows no port and no state while the server is still writing it', () => {
    expect(parsePostmasterFile('10443\n/data/postgres\n1795406734\n')).toEqual({
      pid: 10443,
      directory: '/data/postgres',
      port: null,
      status: null,
    });
  });

  it('takes the negated id of a stand-alone session for its process', () => {
    expect(parsePostmasterFile('-77\n/data/postgres\n')?.pid).toBe(77);
  });

  it.each(['', '\n', 'rubbish\n/data', '0\n/data', '10443', '1e99\n/data'])(
    'is none when it holds %j',
    (text) => {
      expect(parsePostmasterFile(text)).toBeNull();
    },
  );
});

describe("PostgreSQL's complaints", () => {
  it.each([
    ['could not write to file "base/1/1255": No space left on device', 'disk-full'],
    ['initdb: error: could not create directory "/x": Read-only file system', 'read-only'],
    ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'port-taken'],
    ['FATAL:  database files are incompatible with server', 'version'],
    ['FATAL:  lock file "postmaster.pid" already exists', 'running'],
    ['FATAL:  pre-existing shared memory block (key 2146731, ID 9) is still in use', 'running'],
    ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'memory'],
    ['postgres: error while loading shared libraries: libicuuc.so.60: cannot open', 'libraries'],
  ])('%s means %s', (line, complaint) => {
    expect(readComplaint(`LOG:  starting\n${line}\n`)).toBe(complaint);
  });

  it('are no known one when the words are new, which are then shown as they are', () => {
    const log = 'LOG:  starting\nFATAL:  something new\nDETAIL:  and why\nLOG:  shut down\n';
    expect(readComplaint(log)).toBeNull();
    expect(lastWords(log)).toBe('FATAL:  something new\nDETAIL:  and why');
    expect(lastWords('one\ntwo\n\n', 1)).toBe('two');
  });
});
