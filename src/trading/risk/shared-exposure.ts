import type { OpenOrders } from '../accounts/open-orders.js';
import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { PositionState } from '../positions/position.js';

/** What the exposure of an account is read from. */
export interface ExposedAccount {
  readonly id: string;
  readonly session: string;
  readonly terms: { readonly type: 'cash' | 'margin'; readonly owner: string };
  /** Rises with everything that happens to the account. */
  readonly seq: number;
  readonly open: Pick<OpenOrders, 'size' | 'shifts' | 'instruments' | 'totals' | 'ladder'>;
  readonly positions: ReadonlyMap<string, PositionState>;
}

/** What several accounts hold and have ordered, in US dollars; null where something cannot be valued. */
export interface Exposure {
  /** Σ |position| × mark, and what open orders could add. */
  readonly gross: Decimal | null;
  /** Σ signed position × mark. */
  readonly net: Decimal | null;
  /** What open buys could add to it, and open sells take away. */
  readonly openBuys: Decimal | null;
  readonly openSells: Decimal | null;
}

interface Held {
  readonly long: Decimal;
  readonly short: Decimal;
}

/** Open orders by quote asset. */
interface Ordered {
  readonly buys: Decimal;
  readonly sells: Decimal;
  /** The part of both that is exposure: a cash account owns what it sells. */
  readonly adds: Decimal;
}

interface Share {
  readonly seq: number;
  readonly shifts: number;
  readonly held: readonly (readonly [string, Held])[];
  readonly ordered: readonly (readonly [string, Ordered])[];
  readonly openOrders: number;
}

const noneHeld: Held = { long: Decimal.zero, short: Decimal.zero };
const noneOrdered: Ordered = { buys: Decimal.zero, sells: Decimal.zero, adds: Decimal.zero };

/**
 * Adds up many accounts. Each look walks them with one comparison and reads anew only those something happened to, so
 * that a limit over a thousand accounts costs microseconds an order, and marks are taken as they are now.
 */
export class SharedExposure {
  private readonly shares = new Map<string, Share>();
  private readonly held = new Map<string, Held>();
  private readonly ordered = new Map<string, Ordered>();
  openOrders = 0;
  private changes = 0;
  private last: { exposure: Exposure; session: SessionMarket; revision: number; changes: number } | null =
    null;

  /** Takes over what changed in these accounts since the last look. */
  look(accounts: Iterable<ExposedAccount>): void {
    let seen = 0;
    for (const account of accounts) {
      seen += 1;
      const known = this.shares.get(account.id);
      if (known?.seq === account.seq && known.shifts === account.open.shifts) continue;
      if (known !== undefined) this.count(known, -1);
      const share = shareOf(account);
      this.count(share, 1);
      this.shares.set(account.id, share);
    }
    if (seen < this.shares.size) this.forget(accounts);
  }

  /** Reckoned anew once something happened to an account or a mark may have moved. */
  value(session: SessionMarket): Exposure {
    const { last } = this;
    if (last?.session === session && last.revision === session.revision && last.changes === this.changes)
      return last.exposure;
    const exposure = this.reckon(session);
    this.last = { exposure, session, revision: session.revision, changes: this.changes };
    return exposure;
  }

  private reckon(session: SessionMarket): Exposure {
    let gross: Decimal | null = Decimal.zero;
    let net: Decimal | null = Decimal.zero;
    for (const [instrument, { long, short }] of this.held) {
      const mark = session.known(instrument)?.mark ?? null;
      const rate = session.rate(parseInstrumentId(instrument)?.quote ?? '', currency);
      const worth: Decimal | null = mark === null || rate === null ? null : mark.times(rate);
      gross = worth && gross && gross.plus(long.plus(short).times(worth));
      net = worth && net && net.plus(long.minus(short).times(worth));
    }
    let openBuys: Decimal | null = Decimal.zero;
    let openSells: Decimal | null = Decimal.zero;
    for (const [quote, { buys, sells, adds }] of this.ordered) {
      const rate = session.rate(quote, currency);
      gross = rate && gross && gross.plus(adds.times(rate));
      openBuys = rate && openBuys && openBuys.plus(buys.times(rate));
      openSells = rate && openSells && openSells.plus(sells.times(rate));
    }
    return { gross, net, openBuys, openSells };
  }

  /** An account went to a replay, or memory was read anew. */
  private forget(accounts: Iterable<ExposedAccount>): void {
    const here = new Set([...accounts].map(({ id }) => id));
    for (const [id, share] of this.shares) {
      if (here.has(id)) continue;
      this.count(share, -1);
      this.shares.delete(id);
    }
  }

  private count({ held, ordered, openOrders }: Share, sign: 1 | -1): void {
    const shift = (from: Decimal, by: Decimal): Decimal => (sign === 1 ? from.plus(by) : from.minus(by));
    for (const [instrument, { long, short }] of held) {
      const now = this.held.get(instrument) ?? noneHeld;
      const next = { long: shift(now.long, long), short: shift(now.short, short) };
      if (next.long.isZero() && next.short.isZero()) this.held.delete(instrument);
      else this.held.set(instrument, next);
    }
    for (const [quote, { buys, sells, adds }] of ordered) {
      const now = this.ordered.get(quote) ?? noneOrdered;
      const next = {
        buys: shift(now.buys, buys),
        sells: shift(now.sells, sells),
        adds: shift(now.adds, adds),
      };
      if (next.buys.isZero() && next.sells.isZero()) this.ordered.delete(quote);
      else this.ordered.set(quote, next);
    }
    this.openOrders += sign * openOrders;
    this.changes += 1;
  }
}

/** Of limits over all accounts, whatever their base currencies. */
export const currency = 'USD';

function shareOf({ seq, open, positions, terms }: ExposedAccount): Share {
  const held: [string, Held][] = [];
  for (const [instrument, { quantity }] of positions) {
    if (quantity.isZero()) continue;
    const long = quantity.max(Decimal.zero);
    held.push([instrument, { long, short: long.minus(quantity) }]);
  }
  const ordered: [string, Ordered][] = [];
  for (const instrument of open.instruments()) {
    const { buyNotional: buys, sellNotional } = open.totals(instrument);
    const sells = terms.type === 'cash' ? Decimal.zero : sellNotional;
    ordered.push([parseInstrumentId(instrument)?.quote ?? '', { buys, sells, adds: buys.plus(sells) }]);
  }
  return { seq, shifts: open.shifts, held, ordered, openOrders: open.size };
}
