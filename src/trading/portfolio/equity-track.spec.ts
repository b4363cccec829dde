import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { EquityDays } from './equity-days.js';
import { EquityTrack, type Sighting } from './equity-track.js';

const dayMs = 86_400_000;
const seen = (equity: string, seq: number, over: Partial<Sighting> = {}): Sighting => ({
  timeMs: seq * 1000,
  session: 'live',
  seq,
  equity: d(equity),
  rateOf: (asset) => ({ USD: Decimal.one, BTC: d('50') })[asset] ?? null,
  ...over,
});

describe('the equity curve of an account', () => {
  it('grows by profit and falls by loss, and remembers its peak', () => {
    const track = new EquityTrack(null, []);
    expect(track.add(seen('100', 1))).toMatchObject({ growth: 1, peak: 1 });
    expect(track.add(seen('150', 2))).toMatchObject({ growth: 1.5, peak: 1.5 });
    expect(track.add(seen('75', 3))).toMatchObject({ growth: 0.75, peak: 1.5 });
    expect(track.drawdown(seen('60', 4))).toBeCloseTo(0.6);
  });

  it('takes a deposit for no profit and a withdrawal for no drawdown', () => {
    const track = new EquityTrack(null, []);
    track.add(seen('100', 1));
    track.transferred({ seq: 2, asset: 'USD', amount: d('900') });
    expect(track.drawdown(seen('1000', 2))).toBe(0);
    expect(track.add(seen('1000', 3))).toMatchObject({ flow: d('900'), growth: 1, peak: 1 });
    track.transferred({ seq: 4, asset: 'USD', amount: d('-500') });
    expect(track.drawdown(seen('500', 4))).toBe(0);
    expect(track.add(seen('450', 5)).growth).toBeCloseTo(0.95);
  });

  it('prices a deposit of another asset, and counts each transfer once, on the point that follows it', () => {
    const track = new EquityTrack(null, []);
    track.add(seen('100', 1));
    track.transferred({ seq: 3, asset: 'BTC', amount: d('2') });
    track.transferred({ seq: 3, asset: 'BTC', amount: d('2') });
    expect(track.add(seen('110', 2))).toMatchObject({ flow: Decimal.zero, growth: 1.1 });
    expect(track.add(seen('210', 3))).toMatchObject({ flow: d('100'), growth: 1.1 });
    expect(track.add(seen('210', 4)).flow.toString()).toBe('0');
  });

  it('loses no cent of thousands of transfers between two points', () => {
    const track = new EquityTrack(null, []);
    track.add(seen('100', 1));
    for (let n = 0; n < 5_000; n += 1) {
      track.transferred({ seq: 2 + n, asset: n % 2 === 0 ? 'USD' : 'BTC', amount: d('0.01') });
    }
    expect(track.add(seen('1375', 5_001))).toMatchObject({ flow: d('1275'), growth: 1 });
  });

  it('goes on after a restart where it was', () => {
    const before = new EquityTrack(null, []);
    before.add(seen('100', 1));
    before.add(seen('200', 2));
    const last = before.add(seen('100', 3));
    const after = new EquityTrack(last, [{ seq: 5, asset: 'USD', amount: d('100') }]);
    expect(after.drawdown(seen('200', 5))).toBeCloseTo(0.5);
    expect(after.add(seen('400', 6))).toMatchObject({ growth: 3, peak: 3 });
  });

  it('says nothing of a drawdown before there was any equity, and calls a ruined account ruined', () => {
    const track = new EquityTrack(null, []);
    track.add(seen('0', 1));
    expect(track.drawdown(seen('0', 1))).toBeNull();
    track.transferred({ seq: 2, asset: 'USD', amount: d('100') });
    expect(track.add(seen('100', 2))).toMatchObject({ growth: 1 });
    expect(track.add(seen('-5', 3))).toMatchObject({ growth: 0 });
    expect(track.drawdown(seen('-5', 3))).toBe(1);
  });
});

describe('daily returns of an account that was in a replay', () => {
  const day = (n: number, equity: number, session = 'live', flow = 0) => ({
    timeMs: n * dayMs,
    equity,
    session,
    flow,
  });

  it('are those of each stretch; the jump between two clocks is none', () => {
    const days = new EquityDays();
    for (const point of [
      day(900, 100),
      day(10, 100, 'replay-a'),
      day(11, 110, 'replay-a'),
      day(12, 99, 'replay-a'),
      day(901, 99),
      day(902, 198),
    ]) {
      days.add(point);
    }
    expect(days.returns()).toEqual([expect.closeTo(0.1), expect.closeTo(-0.1), expect.closeTo(1)]);
    expect(days.days).toBe(3);
    expect(days.range).toEqual({ fromMs: 10 * dayMs, toMs: 902 * dayMs });
  });

  it('need no more than the last point of each day, with every transfer of it', () => {
    const thick = new EquityDays();
    thick.add({ ...day(0, 100), flow: 70 });
    for (let n = 1; n <= 2 * 288; n += 1) {
      const flow = n === 100 ? 100 : 0;
      thick.add({ timeMs: (n * dayMs) / 288, session: 'live', equity: n < 100 ? 100 : 200, flow });
    }
    expect(thick.returns()).toEqual([0, 0]);
  });

  it('begin anew when the same session steps back in time', () => {
    const days = new EquityDays();
    for (const point of [day(5, 100), day(6, 50), day(3, 50), day(4, 100)]) days.add(point);
    expect(days.returns()).toEqual([expect.closeTo(-0.5), expect.closeTo(1)]);
  });
});
