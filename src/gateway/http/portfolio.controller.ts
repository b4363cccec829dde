import { Controller, Delete, Get, HttpCode, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import { PathId, PathInstrument } from '../../platform/http/path.pipe.js';
import { tradingProblem } from '../../trading/contract/errors.js';
import { MultiAnswer } from '../../trading/contract/orders.js';
import {
  ExplainQuery,
  PortfolioExplanation,
  RoundTripItem,
  RoundTripsQuery,
  Statistics,
  StatisticsQuery,
} from '../../trading/contract/performance.js';
import {
  EquityPoint,
  EventsQuery,
  Fill,
  HistoryQuery,
  LedgerItem,
  Portfolio,
  PortfolioView,
  Position,
  TradesOfFillsQuery,
  Verification,
} from '../../trading/contract/portfolio.js';
import { Limited } from '../access/limited.js';
import { AccountEvents } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { busy } from './order-problems.js';
import { asAccepted } from './csv-page.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const problems = ['TRADING_ACCOUNT_UNKNOWN'];

/** What an account holds, earned and did. */
@Controller('v1/accounts/:accountId')
@RequireRole('viewer')
export class PortfolioController {
  constructor(private readonly portfolio: Portfolio) {}

  @Get('portfolio')
  @Describe({ summary: 'Cash, equity, exposure, P&L', answers: PortfolioView, problems })
  view(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<PortfolioView> {
    return this.portfolio.view({ principal, accountId });
  }

  @Get('portfolio/history')
  @Describe({ summary: 'The equity curve, oldest first', answers: { pageOf: EquityPoint }, problems })
  history(
    @PathId('accountId') accountId: string,
    @Query() query: HistoryQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<EquityPoint>> {
    return this.portfolio.history({ principal, accountId, ...query });
  }

  @Get('portfolio/statistics')
  @Describe({
    summary: 'Sharpe, drawdown, win rate and the rest',
    more: 'What is undefined is null, with its reason in `undefinedBecause`.',
    answers: Statistics,
    problems,
  })
  statistics(
    @PathId('accountId') accountId: string,
    @Query() query: StatisticsQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Statistics> {
    return this.portfolio.statistics({ principal, accountId, ...query });
  }

  @Get('portfolio/explain')
  @Describe({
    summary: 'What became of the equity between two moments',
    more:
      'Opening equity + transfers + realised P&L − fees + change of unrealised P&L + revaluation + other + rounding is ' +
      'the closing equity, exactly; by instrument, asset and fill.',
    answers: PortfolioExplanation,
    problems,
  })
  explain(
    @PathId('accountId') accountId: string,
    @Query() query: ExplainQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<PortfolioExplanation> {
    return this.portfolio.explain({ principal, accountId, ...query });
  }

  @Get('positions')
  @Describe({ summary: 'Open positions', answers: { pageOf: Position }, problems })
  async positions(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<{ items: Position[]; nextCursor: null }> {
    return { items: await this.portfolio.positions({ principal, accountId }), nextCursor: null };
  }

  @Get('positions/:instrument')
  @Describe({
    summary: 'The position in one instrument',
    answers: Position,
    problems: [...problems, 'TRADING_POSITION_UNKNOWN'],
  })
  async position(
    @PathId('accountId') accountId: string,
    @PathInstrument('instrument') instrument: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Position> {
    const all = await this.portfolio.positions({ principal, accountId });
    const found = all.find((position) => position.instrument === instrument);
    if (found) return found;
    throw tradingProblem('TRADING_POSITION_UNKNOWN', {
      detail: `the account holds no position in ${instrument}; GET /v1/accounts/${accountId}/positions lists those it holds`,
      facts: { instrument },
    });
  }

  @Delete('positions')
  @RequireRole('trader')
  @Limited('safety')
  @HttpCode(207)
  @Describe({
    summary: 'Close every position at the market',
    answers: MultiAnswer,
    says: 'One item per position.',
    problems: [...problems, ...busy],
  })
  closeAll(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<MultiAnswer> {
    return this.portfolio.closePositions({ principal, accountId });
  }

  @Delete('positions/:instrument')
  @RequireRole('trader')
  @Limited('safety')
  @HttpCode(207)
  @Describe({
    summary: 'Close one position at the market',
    answers: MultiAnswer,
    says: 'One item.',
    problems: [...problems, 'TRADING_POSITION_UNKNOWN', ...busy],
  })
  close(
    @PathId('accountId') accountId: string,
    @PathInstrument('instrument') instrument: string,
    @Req() { principal }: SignedRequest,
  ): Promise<MultiAnswer> {
    return this.portfolio.closePositions({ principal, accountId, instrument });
  }

  @Get('fills')
  @Describe({ summary: 'Fills, newest first', answers: { pageOf: Fill }, csv: true, problems })
  async fills(
    @PathId('accountId') accountId: string,
    @Query() query: TradesOfFillsQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Page<Fill> | string> {
    const { principal } = request;
    return asAccepted(request, reply, Fill, await this.portfolio.fills({ principal, accountId, ...query }));
  }

  @Get('trades')
  @Describe({
    summary: 'Round trips, newest first',
    more: 'Closed ones, since the account began or was reset, with what they won, cost, and how far they went either way.',
    answers: { pageOf: RoundTripItem },
    csv: true,
    problems,
  })
  async trades(
    @PathId('accountId') accountId: string,
    @Query() query: RoundTripsQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Page<RoundTripItem> | string> {
    const { principal } = request;
    const page = await this.portfolio.trades({ principal, accountId, ...query });
    return asAccepted(request, reply, RoundTripItem, page);
  }

  @Get('ledger')
  @Describe({ summary: 'Ledger entries, oldest first', answers: { pageOf: LedgerItem }, problems })
  ledger(
    @PathId('accountId') accountId: string,
    @Query() query: PageQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<LedgerItem>> {
    return this.portfolio.ledger({ principal, accountId, ...query });
  }

  @Get('ledger/verify')
  @Describe({
    summary: 'Re-derive balances and positions from ledger and fills, and compare',
    answers: Verification,
    problems,
  })
  verify(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<Verification> {
    return this.portfolio.verifyLedger({ principal, accountId });
  }

  @Get('events')
  @Describe({
    summary: 'The gap-free log of the account, oldest first',
    more: 'Answers what came after `since`; the `account` channel of the stream carries the same numbers.',
    answers: AccountEvents,
    problems,
  })
  events(
    @PathId('accountId') accountId: string,
    @Query() query: EventsQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<AccountEvents> {
    return this.portfolio.events({ principal, accountId, ...query });
  }
}
