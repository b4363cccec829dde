import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job, JobState } from '../../src/data/contract/jobs.js';
import { DataJobs } from '../../src/data/contract/jobs.js';
import { EventBus } from '../../src/kernel/events.js';
import { Database } from '../../src/platform/database/database.service.js';
import type { Client } from '../support/client.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';
import { StreamListener } from './stream-client.js';

let gateway: GatewayProcess;
let admin: Client;
const jobs = new Map<string, { owner: string; job: Job }>();
const open: StreamListener[] = [];

beforeAll(async () => {
  gateway = await startGateway({ config: { limitAddress: '10000/10' } });
  gateway.fakes.answer(DataJobs, 'list', ({ principal }) => ({
    items: [...jobs.values()]
      .filter(({ owner }) => principal.role === 'admin' || owner === principal.userId)
      .map(({ job }) => job)
      .toReversed(),
    nextCursor: null,
  }));
  admin = await gateway.signedIn();
});
afterAll(() => gateway?.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
  jobs.clear();
});

async function connect(token: string): Promise<StreamListener> {
  const listener = await StreamListener.open(gateway.url);
  open.push(listener);
  await listener.authenticate(token);
  return listener;
}

/** Somebody with a password of their own, and a token. */
async function somebody(username: string, role: string): Promise<{ id: string; token: string }> {
  const password = 'first password 123';
  const { body } = await admin.post('/v1/users', { username, password, role });
  const own = admin.as(null);
  await own.login(username, password);
  await own.post('/v1/auth/password', { currentPassword: password, newPassword: adminPassword });
  return { id: body.id, token: (await own.login(username, adminPassword)).body.accessToken };
}

/** A job changes, as its module tells it. */
async function changes(id: string, owner: string, state: JobState, progress = 0): Promise<void> {
  const job = {
    id,
    kind: 'import-candles',
    state,
    progress,
    detail: state,
    startedAt: null,
    finishedAt: null,
    result: null,
    problem: null,
  };
  jobs.set(id, { owner, job });
  await gateway.app.get(EventBus).publish({
    type: 'data.job-changed',
    key: id,
    timeMs: 1_672_531_200_000,
    session: 'live',
    data: { owner, job },
  });
}

describe('the channel jobs', () => {
  it('shows operators all jobs, and others their own', async () => {
    const anna = await somebody('anna', 'trader');
    await changes('01A', anna.id, 'succeeded', 1);
    await changes('01B', 'somebody-else', 'queued');
    const adminToken = (await admin.login('admin', adminPassword)).body.accessToken;
    const [all, own] = [await connect(adminToken), await connect(anna.token)];
    expect(await all.subscribe('j', 'jobs', {})).toMatchObject({ op: 'subscribed', channel: 'jobs', seq: 0 });
    await own.subscribe('j', 'jobs', {});
    await changes('01B', 'somebody-else', 'running', 0.5);
    await changes('01C', anna.id, 'queued');
    await all.wait(() => all.frames('jobs').length === 3);
    await own.wait(() => own.frames('jobs').length === 2);
    expect(all.frames('jobs')[0].data.map(({ id }: Job) => id)).toEqual(['01B', '01A']);
    expect(all.frames('jobs').map(({ key, type, prevSeq, seq }) => [key, type, prevSeq, seq])).toEqual([
      ['all', 'snapshot', 0, 0],
      ['all', 'update', 0, 1],
      ['all', 'update', 1, 2],
    ]);
    expect(all.frames('jobs')[1].data).toMatchObject({ id: '01B', state: 'running', progress: 0.5 });
    expect(
      own.frames('jobs').map(({ key, data }) => [key, Array.isArray(data) ? data[0].id : data.id]),
    ).toEqual([
      [anna.id, '01A'],
      [anna.id, '01C'],
    ]);
    const late = await connect(adminToken);
    await late.subscribe('j', 'jobs', {});
    const [{ data }] = late.frames('jobs');
    expect(data.map(({ id, state }: Job) => [id, state])).toEqual([
      ['01C', 'queued'],
      ['01B', 'running'],
      ['01A', 'succeeded'],
    ]);
  });

  it('is closed to viewers, as over REST', async () => {
    const { token } = await somebody('viktor', 'viewer');
    const viewer = await connect(token);
    expect(await viewer.subscribe('j', 'jobs', {})).toMatchObject({ op: 'error', code: 'REQUEST_FORBIDDEN' });
  });

  it('ends with the role that was allowed to follow it', async () => {
    const olga = await somebody('olga', 'operator');
    const listener = await connect(olga.token);
    expect((await listener.subscribe('j', 'jobs', {})).op).toBe('subscribed');
    const { body } = await admin.get('/v1/users');
    const { id } = body.items.find(({ username }: { username: string }) => username === 'olga');
    expect((await admin.patch(`/v1/users/${id}`, { role: 'viewer' })).status).toBe(200);
    expect((await listener.untilClosed()).code).toBe(4001);
  });
});

describe('the channel services', () => {
  it('shows what REST shows, and tells when a service is no longer well', async () => {
    const token = (await admin.login('admin', adminPassword)).body.accessToken;
    const listener = await connect(token);
    await listener.subscribe('s', 'services', {});
    const [{ key, data }] = listener.frames('services');
    const { body } = await admin.get('/v1/services');
    const timeless = (items: any[]): any[] => items.map(({ uptimeSeconds: _uptime, ...service }) => service);
    expect(key).toBe('all');
    expect(timeless(data)).toEqual(timeless(body.items));
    const database = gateway.app.get(Database);
    const { query } = database;
    database.query = () => Promise.reject(new Error('no database'));
    try {
      await listener.wait(() => listener.frames('services').length === 2);
    } finally {
      database.query = query;
    }
    const [, down] = listener.frames('services');
    expect(down).toMatchObject({ type: 'update', prevSeq: 0, seq: 1 });
    expect(down.data.every(({ health }: { health: string }) => health === 'down')).toBe(true);
    await listener.wait(() => listener.frames('services').length === 3);
    expect(listener.frames('services')[2].data[0].health).toBe('up');
  });
});
