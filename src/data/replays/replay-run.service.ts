import type { EventBus } from '../../kernel/events.js';
import { type Clock, type Timeframe, timeframeMs } from '../../kernel/time.js';
import type { BuiltCandle } from '../candles/built-candle.js';
import { dataProblem } from '../contract/errors.js';
import type { CandleClosed, MarketBatch } from '../contract/events.js';
import type { ReplayStep } from './replay-step.js';
import type { SessionCandles } from './session-candles.js';

/** Longest time without giving others a turn. */
const turnMsMax = 10;

export interface ReplayRunParts {
  readonly session: string;
  readonly fromMs: number;
  readonly timeframe: Timeframe | null;
  readonly steps: AsyncIterable<ReplayStep>;
  /** Builders of a replay of trades, by instrument; empty for candles. */
  readonly candles: ReadonlyMap<string, SessionCandles>;
  /** Session seconds per real second; null: as fast as consumers acknowledge. */
  readonly speed: number | null;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called after each step has been acknowledged. */
  readonly stepped: (nowMs: number) => void;
}

/**
 * Plays the steps of one session: each event is awaited, so that the session's clock moves only when every consumer
 * has acknowledged the step before. Of a candle its consumers first see the market move (`bar`), then that it closed;
 * of several instruments all bars of a moment come before the first close, so that nobody decides with half a picture.
 * Resolves when the steps are over or the signal is aborted.
 */
export async function playReplay(parts: ReplayRunParts): Promise<void> {
  const { clock, signal, fromMs, speed } = parts;
  const startedMs = clock.monotonicMs();
  let turnMs = startedMs;
  for await (const step of parts.steps) {
    if (speed !== null) {
      await sleepUntil(clock, startedMs + (step.timeMs - fromMs) / speed, signal);
    } else if (clock.monotonicMs() - turnMs > turnMsMax) {
      // Consumers that answer at once would otherwise keep every other request waiting.
      await new Promise((wake) => setImmediate(wake));
      turnMs = clock.monotonicMs();
    }
    if (signal.aborted) return;
    if (step.kind === 'candles') await playCandles(parts, step);
    else await playTrades(parts, step);
    parts.stepped(step.timeMs);
  }
  for (const [instrument, candles] of parts.candles) await close(parts, instrument, candles.end());
}

async function playCandles(
  parts: ReplayRunParts,
  step: Extract<ReplayStep, { kind: 'candles' }>,
): Promise<void> {
  for (const { instrument, candle } of step.bars) {
    const { timeframe, openTimeMs, open, high, low, close, volume } = candle;
    await parts.bus.publish({
      type: 'data.market-batch',
      key: `${parts.session}:${instrument}`,
      timeMs: step.timeMs,
      session: parts.session,
      data: { instrument, trades: [], bar: { timeframe, openTimeMs, open, high, low, close, volume } },
    } satisfies MarketBatch);
  }
  for (const { instrument, candle } of step.bars) await close(parts, instrument, [candle]);
}

async function playTrades(
  parts: ReplayRunParts,
  step: Extract<ReplayStep, { kind: 'trades' }>,
): Promise<void> {
  // Every instrument's clock moves, traded or not.
  for (const [instrument, candles] of parts.candles) {
    await close(parts, instrument, candles.closedBefore(step.fromMs));
  }
  for (const { instrument, trades } of step.batches) {
    const candles = parts.candles.get(instrument)!;
    for (const trade of trades) {
      if (candles.fold(trade)) continue;
      throw dataProblem('DATA_REPLAY_INVALID', {
        detail: `trade ${trade.id} of ${instrument} (${trade.price} × ${trade.quantity}) has more digits than a candle can carry exactly`,
      });
    }
    await parts.bus.publish({
      type: 'data.market-batch',
      key: `${parts.session}:${instrument}`,
      timeMs: trades.at(-1)!.timeMs,
      session: parts.session,
      data: {
        instrument,
        trades: trades.map(({ id, price, quantity, side, timeMs }) => ({
          id,
          price,
          quantity,
          side,
          timeMs,
        })),
      },
    } satisfies MarketBatch);
  }
}

async function close(
  parts: ReplayRunParts,
  instrument: string,
  candles: readonly BuiltCandle[],
): Promise<void> {
  for (const { timeframe, openTimeMs, open, high, low, close, volume } of candles) {
    await parts.bus.publish({
      type: 'data.candle-closed',
      key: `${parts.session}:${instrument}:${timeframe}`,
      timeMs: openTimeMs + timeframeMs(timeframe),
      session: parts.session,
      data: { instrument, timeframe, openTimeMs, open, high, low, close, volume },
    } satisfies CandleClosed);
  }
}

/** Sleeps until our monotonic clock shows `atMs`, or until the signal is aborted. */
async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  const inMs = atMs - clock.monotonicMs();
  if (inMs <= 0 || signal.aborted) return;
  await new Promise<void>((wake) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      wake();
    };
    // A timer holds at most 24 days.
    const timer = setTimeout(done, Math.min(inMs, 2_000_000_000));
    signal.addEventListener('abort', done);
  });
}
