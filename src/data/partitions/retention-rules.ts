import { dayMs, hourMs, isTimeframe, type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';

/** Sources whose rows have their time; every other row was asked for by somebody and stays until it is deleted. */
export const liveSources = ['feed', 'simulated', 'repair'] as const;
export type LiveSource = (typeof liveSources)[number];

/** How long rows of the live market stay, in ms; null: for ever. */
export interface RetentionRules {
  readonly trades: Readonly<Record<LiveSource, number | null>>;
  readonly candles: Readonly<Record<Timeframe, number | null>>;
}

const unitsMs: Readonly<Record<string, number>> = {
  h: hourMs,
  d: dayMs,
  w: 7 * dayMs,
  y: 365 * dayMs,
};

export const retentionAllowed =
  'rules such as "trades 7d, simulated-trades 24h, 1m 2y, 1h forever": of trades, simulated-trades and timeframes, each once, for so many h, d, w or y, or forever';

/**
 * Reads `trades 7d, simulated-trades 24h, 1m 2y, 1h forever`. A rule for a timeframe holds for larger ones too, up to
 * the next rule; simulated trades go as other trades do unless they have a rule; what has none stays for ever.
 * Null when the text is no such list.
 */
export function readRetention(text: string): RetentionRules | null {
  const rules = new Map<string, number | null>();
  for (const rule of text.split(',')) {
    const match = /^\s*(\S+)\s+(?:(forever)|([1-9]\d{0,4})([hdwy]))\s*$/.exec(rule);
    if (match === null || rules.has(match[1])) return null;
    const [, kind, forever, count, unit] = match;
    if (kind !== 'trades' && kind !== 'simulated-trades' && !isTimeframe(kind)) return null;
    rules.set(kind, forever ? null : Number(count) * unitsMs[unit]);
  }
  const trades = rules.get('trades') ?? null;
  const simulated = rules.get('simulated-trades');
  const candles = timeframes.map((timeframe) => {
    const nearest = timeframes.findLast(
      (one) => rules.has(one) && timeframeMs(one) <= timeframeMs(timeframe),
    );
    return [timeframe, nearest === undefined ? null : rules.get(nearest)!];
  });
  return {
    trades: { feed: trades, repair: trades, simulated: simulated === undefined ? trades : simulated },
    candles: Object.fromEntries(candles) as Record<Timeframe, number | null>,
  };
}
