import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import { cursorOf, type Page, pageOf, type PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { parseRfc3339, type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import type { MultiAnswer } from '../contract/orders.js';
import {
  type ExplainQuery,
  type PortfolioExplanation,
  type RoundTripItem,
  type RoundTripsQuery,
  type Statistics,
  type StatisticsQuery,
} from '../contract/performance.js';
import {
  type AccountEventItem,
  type EquityPoint,
  type EventsQuery,
  type Fill,
  type HistoryQuery,
  type LedgerItem,
  Portfolio,
  type PortfolioView,
  type Position,
  type TradesOfFillsQuery,
  type Verification,
} from '../contract/portfolio.js';
import { Desk } from '../desk/desk.service.js';
import { portfolioView, positionView } from './account-valuation.js';
import { EquityRecorder } from './equity-recorder.service.js';
import { EquityRepository } from './equity.repository.js';
import { LedgerVerifier } from './ledger-verifier.service.js';
import { limitDefault, PortfolioRepository, seqOf } from './portfolio.repository.js';
import type { Grouping } from './traded.js';
import { PortfolioExplainer } from './portfolio-explainer.service.js';
import { PortfolioStatistics } from './portfolio-statistics.service.js';
import { openPositions, PositionCloser } from './position-closer.service.js';
import { TripHistory, tripView } from './trip-history.service.js';

interface Asked {
  principal: Principal;
  accountId: string;
}

/** What an account holds, earned and did: whose it is, what is asked, and who knows. */
@Injectable()
export class PortfolioService extends Portfolio {
  constructor(
    private readonly desk: Desk,
    private readonly rows: PortfolioRepository,
    private readonly equity: EquityRepository,
    private readonly recorder: EquityRecorder,
    private readonly figures: PortfolioStatistics,
    private readonly trips: TripHistory,
    private readonly explainer: PortfolioExplainer,
    private readonly verifier: LedgerVerifier,
    private readonly closer: PositionCloser,
  ) {
    super();
  }

  async view({ principal, accountId }: Asked): Promise<PortfolioView> {
    this.desk.authorise(principal, accountId, 'read');
    const account = await this.desk.state({ accountId });
    const { drawdown } = await this.recorder.now(account);
    const funding = await this.rows.funding(accountId, { after: account.began.ledgerSeq });
    return portfolioView(account, drawdown, funding);
  }

  async history(query: Asked & HistoryQuery): Promise<Page<EquityPoint>> {
    const { principal, accountId, cursor, limit = limitDefault, resolution = '1h' } = query;
    this.desk.authorise(principal, accountId, 'read');
    await this.recorder.settled();
    const spanMs = timeframeMs(resolution as Timeframe);
    const { fromMs, toMs } = rangeOf(query);
    // The next page begins with the span after the last one shown.
    const goesOnMs = cursor === undefined ? 0 : (Math.floor(seqOf(cursor) / spanMs) + 1) * spanMs;
    const points = await this.equity.history({
      accountId,
      spanMs,
      fromMs: Math.max(fromMs ?? 0, goesOnMs),
      toMs: toMs ?? Number.MAX_SAFE_INTEGER,
      limit: limit + 1,
    });
    return pageOf(
      points,
      limit,
      ({ timeMs, equity }) => ({ time: toRfc3339(timeMs), equity }),
      ({ timeMs }) => cursorOf(timeMs),
    );
  }

  async statistics(query: Asked & StatisticsQuery): Promise<Statistics> {
    const { principal, accountId } = query;
    this.desk.authorise(principal, accountId, 'read');
    const range = rangeOf(query);
    const account = await this.desk.state({ accountId });
    const { day } = await this.recorder.now(account);
    await this.recorder.settled();
    return this.figures.of(account, day, range, (query.groupBy ?? null) as Grouping | null);
  }

  async explain(query: Asked & ExplainQuery): Promise<PortfolioExplanation> {
    const { principal, accountId } = query;
    this.desk.authorise(principal, accountId, 'read');
    const range = rangeOf(query);
    const account = await this.desk.state({ accountId });
    await this.recorder.settled();
    return this.explainer.of(account, range);
  }

  async positions({ principal, accountId }: Asked): Promise<Position[]> {
    this.desk.authorise(principal, accountId, 'read');
    const account = await this.desk.state({ accountId });
    return openPositions(account).map((held) => positionView(account, held));
  }

  async closePositions(command: Asked & { instrument?: string }): Promise<MultiAnswer> {
    const { principal, accountId, instrument = null } = command;
    this.desk.authorise(principal, accountId, 'trade');
    return this.closer.close(accountId, instrument);
  }

  async fills(query: Asked & TradesOfFillsQuery): Promise<Page<Fill>> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.rows.fills(query.accountId, query);
  }

  async trades(query: Asked & RoundTripsQuery): Promise<Page<RoundTripItem>> {
    const { principal, accountId, cursor, limit = limitDefault, instrument, strategyId, tag } = query;
    this.desk.authorise(principal, accountId, 'read');
    const account = await this.desk.state({ accountId });
    const found = await this.trips.newest(account, {
      beforeSeq: cursor === undefined ? Number.MAX_SAFE_INTEGER : seqOf(cursor),
      limit: limit + 1,
      fits: (trip) =>
        (instrument === undefined || trip.instrument === instrument) &&
        (strategyId === undefined || trip.strategyId === strategyId) &&
        (tag === undefined || trip.tags.includes(tag)),
    });
    return pageOf(found, limit, tripView, ({ seq }) => cursorOf(seq));
  }

  async ledger(query: Asked & PageQuery): Promise<Page<LedgerItem>> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.rows.ledger(query.accountId, query);
  }

  async verifyLedger({ principal, accountId }: Asked): Promise<Verification> {
    this.desk.authorise(principal, accountId, 'read');
    return this.verifier.verify(accountId);
  }

  async events(query: Asked & EventsQuery): Promise<{ items: AccountEventItem[]; lastSeq: number }> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.rows.events(query.accountId, query);
  }
}

function rangeOf({ from, to }: { from?: string; to?: string }): {
  fromMs: number | null;
  toMs: number | null;
} {
  const [fromMs, toMs] = [timeOf('from', from), timeOf('to', to)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs) {
    const detail = `from ${from} is not before to ${to}; nothing lies between them`;
    throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: '?from', detail }] });
  }
  return { fromMs, toMs };
}

function timeOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const timeMs = parseRfc3339(text);
  if (timeMs !== null) return timeMs;
  const detail = 'must be an RFC 3339 time, e.g. "2023-01-01T00:00:00.000Z"';
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: `?${name}`, detail }] });
}
