import { describe, expect, it } from 'vitest';
import { archiveCandles, archiveLayouts, archiveTrades } from './archive-row.js';
import { readTime } from './candle-row.js';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const openMs = 1_735_689_600_000;
const candle = (open: string, close: string, count = '731'): string[] =>
  `${open},93576.00000000,93610.93,93537.50,93610.93,8.21827,${close},768978.75,${count},4.1,383000.1,0`.split(
    ',',
  );
const five = (first: string[]): ReturnType<typeof archiveCandles> =>
  archiveCandles(first, { timeframe: '5m', nowMs });

describe('a kline line of an archive', () => {
  const inMs = candle(`${openMs}`, `${openMs + 299_999}`);
  const inUs = candle(`${openMs}000`, `${openMs + 299_999}999`);

  it.each([
    ['milliseconds', inMs],
    ['microseconds', inUs],
  ])('is read with its times in %s', (_unit, line) => {
    const reader = five(line)!;
    expect(reader.headed).toBe(false);
    expect(reader.read(line)).toEqual({
      openTimeMs: openMs,
      open: '93576',
      high: '93610.93',
      low: '93537.5',
      close: '93610.93',
      volume: '8.21827',
      trades: 731,
    });
  });

  it('may follow a header', () => {
    const reader = five(archiveLayouts.candles.split(','))!;
    expect(reader.headed).toBe(true);
    expect(reader.read(inMs)).toMatchObject({ openTimeMs: openMs, trades: 731 });
  });

  it.each([
    ['another timeframe', candle(`${openMs}000`, `${openMs + 59_999}999`), 'does not end a 5m candle'],
    ['a time of another unit', inMs, 'is in milliseconds, lines before it are in microseconds'],
    ['seconds', candle('1735689600', '1735689899'), 'are these seconds?'],
    ['nanoseconds', candle(`${openMs}000000`, `${openMs + 299_999}999999`), 'are these nanoseconds?'],
    ['part of a millisecond', candle(`${openMs}001`, `${openMs + 299_999}999`), 'not a whole millisecond'],
    ['half a trade', candle(`${openMs}000`, `${openMs + 299_999}999`, '1.5'), 'whole number of trades'],
    ['a field less', inUs.slice(1), 'has 11 fields'],
  ])('is refused with %s', (_what, line, words) => {
    const reader = five(inUs)!;
    reader.read(inUs);
    expect(reader.read(line)).toEqual({ fault: expect.stringContaining(words) });
  });

  it('is no line of six fields, nor twelve words', () => {
    expect(five(inMs.slice(0, 6))).toBeNull();
    expect(five(Array.from({ length: 12 }, () => 'x'))).toBeNull();
  });
});

describe('a trade line of an archive', () => {
  const at = 1_735_689_600_123;
  const read = (lines: string[]): unknown[] => {
    const reader = archiveTrades(lines[0].split(','), { nowMs })!;
    return lines.slice(reader.headed ? 1 : 0).map((line) => reader.read(line.split(',')));
  };
  const row = (id: string, side: string): object => ({
    timeMs: at,
    price: '93576',
    quantity: '0.5',
    side,
    id,
  });

  it.each([
    ['spot trades', [`7,93576.00,0.50,46788,${at},True,True`], [row('7', 'sell')]],
    ['spot trades in microseconds', [`7,93576.00,0.50,46788,${at}456,False,True`], [row('7', 'buy')]],
    [
      'futures trades',
      ['id,price,qty,quote_qty,time,is_buyer_maker', `7,93576.00,0.50,46788,${at},true`],
      [row('7', 'sell')],
    ],
    ['spot aggregates', [`7,93576.00,0.50,11,12,${at}456,False,True`], [row('agg-7', 'buy')]],
    [
      'futures aggregates',
      [
        'agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker',
        `7,93576.00,0.50,11,12,${at},false`,
      ],
      [row('agg-7', 'buy')],
    ],
    ['futures aggregates without a header', [`7,93576.00,0.50,11,12,${at},true`], [row('agg-7', 'sell')]],
  ])('is read of %s; the taker is the other side of the maker', (_what, lines, rows) => {
    expect(read(lines)).toEqual(rows);
  });

  it.each([
    ['nobody knows who made', `7,93576.00,0.50,46788,${at},maybe,True`, 'is_buyer_maker'],
    ['no price', `7,0,0.50,46788,${at},True,True`, 'price'],
    ['the future', `7,1,0.50,46788,4102444800000,True,True`, 'future'],
    ['seconds', `7,1,0.50,46788,1735689600,True,True`, 'seconds'],
  ])('is refused with %s', (_what, line, words) => {
    const good = `6,93576.00,0.50,46788,${at},True,True`;
    expect(read([good, line])[1]).toEqual({ fault: expect.stringContaining(words) });
  });
});

describe('a time of our own layout', () => {
  it.each([
    ['1735689600', 'seconds'],
    ['1735689600000000', 'microseconds'],
    ['1735689600000000000', 'nanoseconds'],
  ])('%s is refused, and guessed at: %s', (text, unit) => {
    expect(readTime(text)).toEqual({ fault: expect.stringContaining(`are these ${unit}?`) });
  });
});
