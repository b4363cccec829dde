import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sampleCandles } from '../../../test/support/sample-candles.js';
import { readManifest } from '../models/manifest.js';
import { trainCommand } from './train.command.js';

describe('npm run train', () => {
  let folder: string;
  let said: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'train-'));
    said = '';
    const listen = (text: unknown): boolean => ((said += String(text)), true);
    vi.spyOn(process.stdout, 'write').mockImplementation(listen);
    vi.spyOn(process.stderr, 'write').mockImplementation(listen);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  async function candleFile(name: string, count: number): Promise<string> {
    const rows = sampleCandles({ count, seed: 3, barMs: 3_600_000 }).map(
      (c) => `${c.timeMs},${c.open},${c.high},${c.low},${c.close},${c.volume}`,
    );
    const path = join(folder, name);
    await writeFile(path, gzipSync(['timestamp_ms,open,high,low,close,volume', ...rows, ''].join('\n')));
    return path;
  }

  const argumentsFor = (candles: string): string[] => [
    ...['--target', 'volatility', '--timeframe', '1h', '--horizon', '2', '--folds', '2', '--trees', '5'],
    ...['--candles', candles, '--instrument', 'AAA-USD.SIM', '--out', join(folder, 'out')],
  ];

  it('writes a model folder, draws plain progress into a log and ends with the table', async () => {
    expect(await trainCommand(argumentsFor(await candleFile('a.csv.gz', 1_500)))).toBe(0);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual([
      'evaluation.json',
      'manifest.json',
      'model.onnx',
    ]);
    const manifest = readManifest(JSON.parse(await readFile(join(folder, 'out', 'manifest.json'), 'utf8')));
    expect(manifest).toMatchObject({ name: 'volatility-1h', timeframe: '1h', horizon: 2 });
    expect(said).toMatch(/fold 2 of 2\n/);
    expect(said).toMatch(/QLIKE .*\d/);
    expect(said).toMatch(/gates: (passed|FAILED)/);
    expect(said).not.toContain('\r');
  });

  it('explains itself, and tells wrong arguments from bad data', async () => {
    expect(await trainCommand(['--help'])).toBe(0);
    expect(said).toContain('--candles <file>');
    expect(await trainCommand(['--target', 'gold'])).toBe(2);
    expect(said).toContain('--target is "gold"');
    expect(await trainCommand(argumentsFor(join(folder, 'nowhere.csv')))).toBe(1);
    expect(said).toContain('nowhere.csv');
    const broken = join(folder, 'broken.csv');
    await writeFile(broken, 'timestamp_ms,open,high,low,close,volume\n1,2\n');
    expect(await trainCommand(argumentsFor(broken))).toBe(1);
    expect(said).toContain('broken.csv: line 2 is "1,2"');
    expect(await readdir(folder)).toEqual(['broken.csv']);
  });
});
