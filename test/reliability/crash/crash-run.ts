import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { SeededRandom } from '../../../src/kernel/random.js';
import { Client } from '../../support/client.js';
import { buildServer } from '../../support/server-process.js';
import { transpiled } from '../../support/transpiled.js';
import { Auditor } from './audit.js';
import { check, type Story, storiesOf } from './checker.js';
import { type Kill, planKills, type Victim, victims } from './plan.js';
import { sendAgain } from './replays.js';
import type { Report } from './report.js';
import { readStored, refusesASecondOrder } from './rows.js';
import { ServerUnderFire } from './server-under-fire.js';
import { type Defect, type StateHashes, type Stop, stops } from './stops.js';
import { Traders } from './traders.js';

export interface CrashOptions {
  readonly seed: number;
  readonly kills: number;
  /** Instead of the seed's own plan. */
  readonly plan?: readonly Kill[];
  /** Built in, to see whether the proof notices. */
  readonly defect?: Defect;
}

const password = 'a long enough password';
/** The server comes to each of its stops many times a second. */
const heldMsMax = 10_000;
/** For everything unknown to become known; a keyed request that was cut off may be sent again after five seconds. */
const settleMsMax = 20_000;
/** Past this a server has not come back to life. */
const aliveMsMax = 180_000;
/** Answers that show that a server is at work again. */
const answersMin = 25;

/**
 * One run: a server as an operator starts it, traders that write down what they mean and what they hear, and somebody
 * who kills; in the end everything written down is held against everything stored.
 */
export class CrashRun {
  private readonly folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-crash-'));
  private readonly random: SeededRandom;
  private readonly plan: readonly Kill[];
  private readonly faults: string[] = [];
  private readonly kills = Object.fromEntries(victims.map((victim) => [victim, 0])) as Record<Victim, number>;
  private readonly held = Object.fromEntries(stops.map((stop) => [stop, 0])) as Record<Stop, number>;
  private readonly startSeconds: number[] = [];
  private missed = 0;
  private hashes = 0;
  private lastHashes: StateHashes | null = null;

  constructor(private readonly options: CrashOptions) {
    this.random = new SeededRandom(`run ${options.seed}`);
    this.plan = options.plan ?? planKills(options);
  }

  /** Throws when the run itself broke down; faults of the server are in the report. */
  async run(): Promise<Report> {
    const startMs = performance.now();
    buildServer();
    chmodSync(this.folder, 0o755);
    const scripts = ['server.preload', 'trader.process'].map((name) =>
      transpiled(`test/reliability/crash/${name}.ts`),
    );
    const defect = this.options.defect ?? null;
    const server = new ServerUnderFire({
      dataDir: join(this.folder, 'var'),
      preload: scripts[0].script,
      port: await quietPort(this.random),
      password,
      defect,
    });
    server.onStarted = (hashes) => this.compare(hashes);
    const auditor = new Auditor(() => server.databaseUrl);
    let traders: Traders | null = null;
    try {
      await server.start();
      traders = await this.prepare(server, scripts[1].script);
      auditor.start();
      traders.start();
      for (const kill of this.plan) await this.round(kill, server, traders);
      await traders.hear(answersMin, aliveMsMax);
      await traders.settle(settleMsMax);
      await auditor.stop();
      const { lines, heard } = traders.written();
      const stories = storiesOf(lines);
      const replays = await this.inTheEnd(server, stories);
      await auditor.read();
      const { counts, faults } = check(stories, heard, await readStored(server.databaseUrl));
      const sorted = this.startSeconds.toSorted((a, b) => a - b);
      return {
        seed: this.options.seed,
        seconds: (performance.now() - startMs) / 1000,
        killsPlanned: this.plan.length,
        kills: this.kills,
        held: this.held,
        missed: this.missed,
        counts,
        reads: auditor.reads,
        hashes: this.hashes,
        replays,
        startSeconds: { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 },
        faults: [...this.faults, ...faults, ...auditor.faults.map((fault) => `sums: ${fault}`)],
      };
    } finally {
      traders?.kill();
      await auditor.stop();
      await server.stop();
      for (const script of scripts) script.remove();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** Accounts of both types, strategies on one of them, and bots that share the others. */
  private async prepare(server: ServerUnderFire, script: string): Promise<Traders> {
    const client = new Client(server.url);
    const signedIn = await client.login('admin', password);
    if (signedIn.status !== 200) throw new Error(`no sign-in: ${JSON.stringify(signedIn.body)}`);
    const made = async (path: string, body: object): Promise<any> => {
      const answer = await client.post(path, body);
      if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const initialBalances = { USD: '10000000', BTC: '50', ETH: '1000' };
    const account = async (type: 'cash' | 'margin'): Promise<string> => {
      const name = `${type} account`;
      const held = type === 'cash' ? initialBalances : { USD: initialBalances.USD };
      return (
        await made('/v1/accounts', { name, mode: 'paper', type, baseCurrency: 'USD', initialBalances: held })
      ).id;
    };
    const accounts = [
      await account('cash'),
      await account('margin'),
      await account('cash'),
      await account('margin'),
    ];
    const automatic = await account('margin');
    for (const instrument of ['BTC-USD.SIM', 'ETH-USD.SIM']) {
      const of = `/v1/accounts/${automatic}/strategies`;
      const parameters = { minimumEdge: -1, equityFraction: 0.001 };
      const { id } = await made(of, {
        name: instrument,
        kind: 'threshold',
        instrument,
        timeframe: '1m',
        parameters,
      });
      await made(`${of}/${id}/start`, {});
    }
    if (this.options.defect === 'unique-index-dropped' || this.options.defect === 'in-memory-dedupe-only') {
      const database = new pg.Client({ connectionString: server.databaseUrl });
      await database.connect();
      await database.query('DROP INDEX trading.orders_by_client_order_id');
      await database.end();
    }
    const journals = join(this.folder, 'journals');
    mkdirSync(journals);
    return new Traders(
      script,
      [1, 2].map((number) => ({
        number,
        url: server.url,
        token: signedIn.body.accessToken,
        folder: journals,
        seed: this.options.seed,
        instruments: ['BTC-USD.SIM', 'ETH-USD.SIM'],
        lanes: [...accounts, ...accounts],
        thinkMs: 25,
        renames: this.options.defect === 'retry-with-a-new-id',
      })),
    );
  }

  private async round(
    { number, stop, victim, delayMs }: Kill,
    server: ServerUnderFire,
    traders: Traders,
  ): Promise<void> {
    await traders.hear(answersMin, aliveMsMax).catch((error: unknown) => {
      throw new Error(`no life after kill ${number - 1}: ${(error as Error).message}\n${server.lastWords}`);
    });
    await new Promise((wake) => setTimeout(wake, delayMs));
    let stands = false;
    if (stop === null) {
      this.lastHashes = await server.hashes();
      await new Promise((wake) => setTimeout(wake, this.random.nextInt(20)));
    } else {
      const held = await server.held(stop, heldMsMax);
      stands = held !== null;
      this.lastHashes = held?.hashes ?? null;
      if (stands) this.held[stop] += 1;
      else this.missed += 1;
    }
    await server.kill(victim, this.random.nextFloat());
    this.kills[victim] += 1;
    if (server.isRunning) {
      if (stands) server.release();
    } else {
      this.startSeconds.push(await server.start());
    }
  }

  /** Everything that can only be seen when nobody trades any more. Answers the number of requests sent again. */
  private async inTheEnd(server: ServerUnderFire, stories: ReadonlyMap<string, Story>): Promise<number> {
    const client = new Client(server.url);
    await client.login('admin', password);
    const replays = await sendAgain(client, stories);
    this.faults.push(...replays.faults);
    const { items } = (await client.get('/v1/accounts')).body;
    for (const { id } of items) {
      const { body } = await client.get(`/v1/accounts/${id}/ledger/verify`);
      if (body.ok !== true)
        this.faults.push(`sums: account ${id} verifies as ${JSON.stringify(body).slice(0, 500)}`);
    }
    this.lastHashes = await server.hashes();
    await server.kill('both', 0);
    await server.start();
    if (!(await refusesASecondOrder(server.databaseUrl)))
      this.faults.push(
        'doubled: the database itself would take a second order under a client order id it has',
      );
    return replays.sent;
  }

  /** Memory as it was and as it was rebuilt, wherever both are of the same moment. */
  private compare(rebuilt: StateHashes): void {
    for (const [account, { seq, hash }] of Object.entries(rebuilt)) {
      const was = this.lastHashes?.[account];
      if (was === undefined || was.seq !== seq) continue;
      this.hashes += 1;
      if (was.hash !== hash)
        this.faults.push(`rebuilt: account ${account} at event ${seq} is not what it was in memory`);
    }
    this.lastHashes = null;
  }
}

/** Below the ports the system gives out by itself, so that it is still free when a killed server comes back. */
async function quietPort(random: SeededRandom): Promise<number> {
  for (;;) {
    const port = 20_000 + random.nextInt(10_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
