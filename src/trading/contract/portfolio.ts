import {
  anything,
  decimal,
  flag,
  float,
  instrumentId,
  integer,
  list,
  oneOf,
  text,
  time,
  timeframe,
} from '../../kernel/fields.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';
import type {
  ExplainQuery,
  PortfolioExplanation,
  StatisticsQuery,
  Statistics,
  RoundTripsQuery,
  RoundTripItem,
} from './performance.js';
import type { MultiAnswer, Side } from './orders.js';

export class Fill {
  @text()
  id: string;
  @text({ about: "The venue's trade id; a fill counts once per (venue, instrument, venueOrderId, tradeId)." })
  tradeId: string;
  @text()
  orderId: string;
  @text()
  clientOrderId: string;
  @text()
  accountId: string;
  @instrumentId()
  instrument: string;
  @oneOf(['buy', 'sell'])
  side: Side;
  @decimal()
  price: string;
  @decimal()
  quantity: string;
  @decimal({ sign: 'any' })
  fee: string;
  @text()
  feeAsset: string;
  @decimal({
    sign: 'any',
    nullable: true,
    about:
      'The fee in quote asset: at the price of the fill, or at the mark of its own asset; null when it had none.',
  })
  feeValue: string | null;
  @oneOf(['maker', 'taker'])
  liquidity: string;
  @decimal({ sign: 'any', about: 'In quote asset, before fees.' })
  realisedPnl: string;
  @time()
  time: string;
  @integer({ about: 'In the account log.' })
  seq: number;
}

export class Position {
  @instrumentId()
  instrument: string;
  @decimal({ sign: 'any', about: 'Signed; negative is short.' })
  quantity: string;
  @decimal({ sign: 'not-negative' })
  averagePrice: string;
  @decimal({ nullable: true })
  markPrice: string | null;
  @decimal({ sign: 'any', nullable: true, about: 'Null when it cannot be priced.' })
  unrealisedPnl: string | null;
  @decimal({ sign: 'any', about: 'Before fees.' })
  realisedPnl: string;
  @decimal({ sign: 'any', about: 'In quote asset.' })
  fees: string;
  @time({ nullable: true })
  openedAt: string | null;
  @time()
  updatedAt: string;
}

export class PortfolioView {
  @text()
  currency: string;
  @decimal({ sign: 'any' })
  cash: string;
  @decimal({ sign: 'any' })
  equity: string;
  @decimal({
    sign: 'any',
    about: 'Notional that could still be opened, fees apart: on a margin account free margin × leverage.',
  })
  buyingPower: string;
  @decimal({ sign: 'not-negative' })
  grossExposure: string;
  @decimal({ sign: 'any' })
  netExposure: string;
  @decimal({
    sign: 'not-negative',
    about:
      'Initial margin of what is held and ordered, and the fees of what is ordered; 0 on a cash account.',
  })
  marginUsed: string;
  @decimal({
    sign: 'not-negative',
    about: 'With less equity the account is liquidated; 0 on a cash account.',
  })
  maintenanceMargin: string;
  @float({
    min: 0,
    nullable: true,
    about:
      'Maintenance margin / equity; at 1 the account is liquidated. Null where nothing is held on margin, or no equity is left.',
  })
  marginRatio: number | null;
  @decimal({ sign: 'any' })
  realisedPnl: string;
  @decimal({ sign: 'any' })
  unrealisedPnl: string;
  @decimal({ sign: 'any' })
  fees: string;
  @decimal({ sign: 'any', about: 'Funding received, less paid; apart from P&L and fees.' })
  funding: string;
  @float({ min: 0, nullable: true, about: 'From the equity peak, transfer-neutral.' })
  drawdown: number | null;
  @list({ type: 'string' }, { about: 'Instruments or assets that could not be priced freshly.' })
  staleMarks: string[];
  @time()
  asOf: string;
  @flag()
  stale: boolean;
}

export class EquityPoint {
  @time()
  time: string;
  @decimal({ sign: 'any' })
  equity: string;
}

export class HistoryQuery extends PageQuery {
  @timeframe({
    optional: true,
    about: 'Default 1h. Of each span its last point; a span in which the worth did not change may have none.',
  })
  resolution?: string;
  @time({ optional: true })
  from?: string;
  @time({ optional: true })
  to?: string;
}

export class LedgerItem {
  @text()
  transactionId: string;
  @integer()
  seq: number;
  @time()
  time: string;
  @text({ about: 'Ledger account, e.g. `cash`, `fees`, `venue`, `external`.' })
  account: string;
  @text()
  asset: string;
  @decimal({ sign: 'any', about: 'Entries of one transaction sum to 0 per asset.' })
  amount: string;
  @oneOf(['deposit', 'withdrawal', 'fill', 'fee', 'reset', 'funding'])
  kind: string;
  @text({ about: 'Id of what caused it.' })
  ref: string;
}

export class Verification {
  @flag()
  ok: boolean;
  @integer({ about: 'Rows read.' })
  checked: number;
  @list({ type: 'string', maxLength: 1000 })
  differences: string[];
}

export class AccountEventItem {
  @integer({ about: 'From 1, without gaps.' })
  seq: number;
  @text({ example: 'order-accepted' })
  type: string;
  @time()
  time: string;
  @anything()
  data: Record<string, unknown>;
}

export class EventsQuery {
  @integer({ optional: true, about: 'Answer events after this seq. Default 0.' })
  since?: number;
  @integer({ min: 1, max: 500, optional: true })
  limit?: number;
}

export class TradesOfFillsQuery extends PageQuery {
  @instrumentId({ optional: true })
  instrument?: string;
}

interface Asked {
  principal: Principal;
  accountId: string;
}

/**
 * What an account holds and earned. Folds of the ledger and the fills; can be re-derived at any time. Another's account
 * is TRADING_ACCOUNT_UNKNOWN; ranges that hold nothing and cursors of other lists are REQUEST_INVALID.
 */
export abstract class Portfolio {
  static readonly port: PortDescription<Portfolio> = {
    name: 'trading.portfolio',
    methods: {
      view: 'read',
      history: 'read',
      statistics: 'read',
      explain: 'read',
      positions: 'read',
      closePositions: 'act',
      fills: 'read',
      trades: 'read',
      ledger: 'read',
      verifyLedger: 'read',
      events: 'read',
    },
  };

  abstract view(query: Asked): Promise<PortfolioView>;
  /** Oldest first. */
  abstract history(query: Asked & HistoryQuery): Promise<Page<EquityPoint>>;
  abstract statistics(query: Asked & StatisticsQuery): Promise<Statistics>;
  /** What became of the equity between two moments; it adds up exactly. */
  abstract explain(query: Asked & ExplainQuery): Promise<PortfolioExplanation>;
  abstract positions(query: Asked): Promise<Position[]>;
  /** Market orders against every (or one) position. Throws TRADING_POSITION_UNKNOWN for an instrument that is flat. */
  abstract closePositions(command: Asked & { instrument?: string }): Promise<MultiAnswer>;
  /** Newest first. */
  abstract fills(query: Asked & TradesOfFillsQuery): Promise<Page<Fill>>;
  /** Round trips, newest first. */
  abstract trades(query: Asked & RoundTripsQuery): Promise<Page<RoundTripItem>>;
  /** Oldest first. */
  abstract ledger(query: Asked & PageQuery): Promise<Page<LedgerItem>>;
  /** Re-derives balances and positions from ledger and fills, and compares with what is served. */
  abstract verifyLedger(query: Asked): Promise<Verification>;
  /** Oldest first; `lastSeq` is the newest there is. */
  abstract events(query: Asked & EventsQuery): Promise<{ items: AccountEventItem[]; lastSeq: number }>;
}
