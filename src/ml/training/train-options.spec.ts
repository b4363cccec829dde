import { describe, expect, it } from 'vitest';
import { readTrainOptions, trainUsage } from './train-options.js';

const enough = [
  ...['--target', 'volatility', '--timeframe', '5m', '--horizon', '12', '--out', 'var/m'],
  ...['--candles', 'btc.csv', '--instrument', 'BTC-USDT.BINANCE'],
];

describe('the arguments of npm run train', () => {
  it('fill in what was not said', () => {
    expect(readTrainOptions(enough)).toMatchObject({
      files: [{ path: 'btc.csv', instrument: 'BTC-USDT.BINANCE' }],
      name: 'volatility-5m',
      version: '1.0.0',
      seed: '1',
      boosting: {},
      rules: {},
      fromMs: -Infinity,
    });
  });

  it('take every option the help names', () => {
    const more = ['--seed', 'x', '--trees', '50', '--leaves', '7', '--learning-rate', '0.1', '--folds', '3'];
    const rest = [
      '--test-share',
      '0.4',
      '--cost-bps',
      '8',
      '--trials',
      '9',
      '--name',
      'mine',
      '--version',
      '2',
    ];
    const times = ['--from', '2023-01-01T00:00:00Z', '--to', '2023-06-01T00:00:00Z'];
    expect(readTrainOptions([...enough, ...more, ...rest, ...times])).toMatchObject({
      boosting: { trees: 50, leaves: 7, learningRate: 0.1 },
      rules: { folds: 3, testShare: 0.4, roundTripCostBps: 8, trials: 9 },
      name: 'mine',
      version: '2',
      fromMs: Date.UTC(2023, 0, 1),
      toMs: Date.UTC(2023, 5, 1),
    });
    for (const option of [...enough, ...more, ...rest, ...times].filter((text) => text.startsWith('--'))) {
      expect(trainUsage).toContain(option);
    }
    expect(readTrainOptions(['--help'])).toBeNull();
  });

  it.each([
    [
      'a target nobody knows',
      [...enough, '--target', 'profit'],
      '--target is "profit"; say direction or volatility',
    ],
    ['no timeframe', enough.filter((a) => a !== '--timeframe' && a !== '5m'), '--timeframe is missing'],
    ['a file without instrument', [...enough, '--candles', 'b.csv'], '2 --candles but 1 --instrument'],
    ['a ticker for an instrument', [...enough.slice(0, -1), 'BTCUSDT'], 'say BASE-QUOTE.VENUE'],
    ['half a tree', [...enough, '--trees', '0.5'], '--trees is "0.5"; a whole number from 1 to 10000'],
    [
      'a share of everything',
      [...enough, '--test-share', '1'],
      '--test-share is "1"; a number above 0 and below 1',
    ],
    ['a time in words', [...enough, '--from', 'yesterday'], '--from is "yesterday"'],
    ['an option nobody knows', [...enough, '--gpu'], "Unknown option '--gpu'"],
  ])('are refused with %s', (_, args, says) => {
    expect(() => readTrainOptions(args)).toThrow(says);
  });
});
