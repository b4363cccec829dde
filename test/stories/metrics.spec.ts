import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Metrics } from '../../src/kernel/metrics.js';
import type { PrometheusMetrics } from '../../src/monitoring/prometheus-metrics.adapter.js';
import { filesIn, readSource, repository } from '../architecture/sources.js';
import { startServer, type TestServer } from '../support/server.js';
import { documentedFamilies, namedFamilies, titlesOf } from './metrics-document.js';
import { MetricsChange } from './metrics-change.js';

/** Values of these have no end, so no family may be told apart by them. */
const unboundedLabel =
  /^(id|path|url|user|username|order|account|instrument|symbol|session|address|ip|key|token|client)(_id|_name)?$/;
const groups = /^(http|data|ml|trading|gateway|events|rpc|database|event_loop|health|log)_/;
const unit = /_(seconds|bytes|ratio|commands)$/;
const noUnit =
  /_(ms|msec|millis|milliseconds|micros|sec|secs|minutes|hours|kb|mb|percent|pct|count|sum|bucket|info)$/;
const ofTheRuntime = /^(process|nodejs)_/;

/** Two processes of a split deployment: between them they have every family there is. */
describe('the families of /metrics', () => {
  let parts: TestServer;
  let door: TestServer;
  const families = new Map<string, string>();
  const labels = new Map<string, readonly string[]>();
  beforeAll(async () => {
    const SERVICE_TOKEN = 'a token for services only';
    parts = await startServer({ ROLES: 'data,ml,trading', SERVICE_TOKEN, FEEDS: 'none' });
    const STATIC_SERVICES = ['data', 'ml', 'trading'].map((part) => `${part}=${parts.url}`).join();
    door = await startServer({ ROLES: 'gateway', SERVICE_TOKEN, STATIC_SERVICES });
    for (const { url, running } of [parts, door]) {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        if (!ofTheRuntime.test(name)) families.set(name, type);
      }
      const metrics = running.app.get(Metrics) as PrometheusMetrics;
      for (const [name, { definition }] of metrics['families']) labels.set(name, definition.labels ?? []);
    }
  });
  afterAll(async () => {
    await door?.stop();
    await parts?.stop();
  });

  const document = () => documentedFamilies(readSource(repository, 'docs/metrics.md').text);

  it('are many, and every one is declared by us or by the runtime', () => {
    expect(families.size).toBeGreaterThanOrEqual(25);
    expect([...families.keys()].toSorted()).toEqual([...labels.keys()].toSorted());
  });

  it('count a call from process to process on both sides', async () => {
    const client = await door.signedIn();
    const ask = async (): Promise<void> => {
      expect((await client.get('/v1/instruments/BTC-USD.SIM')).status).toBe(200);
    };
    const call = { port: 'data.instruments', method: 'get', outcome: 'ok' };
    const served = await MetricsChange.by(parts.url, async () => {
      const called = await MetricsChange.by(door.url, ask);
      expect(called.of('rpc_call_seconds', call)).toBe(1);
    });
    expect(served.of('rpc_served_seconds', call)).toBe(1);
  });

  it('stand in docs/metrics.md once each, with the type and the labels they have, and nothing else does', () => {
    const shown = [...families].map(([name, type]) => `${name} | ${type} | ${labels.get(name)!.join(', ')}`);
    const told = document().map(({ name, type, labels: said }) => `${name} | ${type} | ${said.join(', ')}`);
    expect(told.toSorted()).toEqual(shown.toSorted());
  });

  it('each name a test whose act moves it, and that test knows them', () => {
    const faults = document().flatMap(({ name, title, path }) => {
      const { text } = readSource(repository, path);
      if (!titlesOf(text).includes(title)) return [`${name}: ${path} has no test "${title}"`];
      // A story looks at the family itself; elsewhere it may be what the tests share that does.
      const looks = path.startsWith('test/stories/') ? text.split(title)[1].split(/^ *it\(/m)[0] : text;
      return looks.includes(name) ? [] : [`${name}: "${title}" in ${path} never looks at it`];
    });
    expect(faults).toEqual([]);
  });

  it('are named by the conventions of Prometheus: part, thing, unit, and _total for what only grows', () => {
    const faults = [...families].flatMap(([name, type]) => {
      const bare = name.replace(/_total$/, '');
      return [
        ...(/^[a-z]+(_[a-z]+)+$/.test(name) ? [] : [`${name} is not lower case words`]),
        ...(groups.test(name) ? [] : [`${name} does not begin with its part`]),
        ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name} is a ${type}`]),
        ...(type !== 'histogram' || unit.test(name) ? [] : [`${name} has no unit`]),
        ...(noUnit.test(bare) ? [`${name} ends in what is no base unit`] : []),
        ...(/_(seconds|bytes|ratio)_/.test(bare) ? [`${name} has its unit in the middle`] : []),
      ];
    });
    expect(faults).toEqual([]);
  });

  it('have no label without bounds', () => {
    const all = [...labels].flatMap(([name, own]) => own.map((label) => ({ name, label })));
    expect(all.length).toBeGreaterThan(20);
    expect(
      all.filter(({ label }) => unboundedLabel.test(label) || !/^[a-z]+(_[a-z]+)*$/.test(label)),
    ).toEqual([]);
  });

  it('are what the other documents and the dashboards speak of', () => {
    const paths = ['README.md', ...filesIn(repository, ['docs', 'deploy'], /\.(md|json|ya?ml)$/)];
    expect(paths).toContain('docs/operations.md');
    const unknown = paths.flatMap((path) =>
      namedFamilies(readSource(repository, path).text)
        .filter((name) => !families.has(name))
        .map((name) => `${path} speaks of ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('reading what is documented', () => {
  it('takes a row as it is written', () => {
    const row =
      '| `a_b_total` | counter | `x`, `y` | Things. | [it counts a | b](../test/x.spec.ts) |'.replace(
        'a | b',
        'a',
      );
    expect(documentedFamilies(`# M\n\n| family | type |\n|---|---|\n${row}\n`)).toEqual([
      {
        name: 'a_b_total',
        type: 'counter',
        labels: ['x', 'y'],
        title: 'it counts a',
        path: 'test/x.spec.ts',
      },
    ]);
    expect(() => documentedFamilies('| `a_b_total` | counter | Things. |')).toThrow('a_b_total');
  });

  it('finds titles in each way of quoting, and families by their suffixes', () => {
    expect(
      titlesOf(`it('one', () => {});\n  it(\n    "don't",\n  it.each([1])('three', f)\n // it('not')`),
    ).toEqual(['one', "don't"]);
    expect(
      namedFamilies('rate(trading_commit_seconds_bucket{a="b"}[1m]) and `http_problems_total`, `data_dir`'),
    ).toEqual(['trading_commit_seconds', 'http_problems_total']);
  });
});
