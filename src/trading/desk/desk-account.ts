import type { AccountState } from '../accounts/account-state.js';
import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { SessionMarket } from '../marks/session-market.js';
import { orderView } from '../orders/order.js';
import type { DeskAccount, HeldMargin, Mark } from './desk-reads.js';
import { type DeskState, marketOf } from './desk-state.js';

/** One account as plain values; `instruments` are those whose marks are wanted besides its own. */
export function deskAccount(
  desk: DeskState,
  account: AccountState,
  instruments: readonly string[],
): DeskAccount {
  const { terms } = account;
  const session = marketOf(desk, account.session);
  const nowMs = account.tools.clock.nowMs();
  const named = new Set([...instruments, ...account.positions.keys(), ...account.open.instruments()]);
  const marks = new Map<string, Mark>();
  const assets = new Set(account.totals.keys());
  for (const id of named) {
    const name = parseInstrumentId(id);
    if (name !== null) assets.add(name.quote).add(name.base);
    const market = session.known(id);
    if (market === null || market.mark === null) continue;
    const { bid, ask, last, timeMs } = market;
    marks.set(id, { bid, ask, last, timeMs, fresh: !market.isStale(nowMs) });
  }
  return {
    accountId: account.id,
    name: terms.name,
    owner: terms.owner,
    type: terms.type,
    baseCurrency: terms.baseCurrency,
    margin: terms.type === 'cash' ? null : heldMargin(account, session),
    session: account.session,
    nowMs,
    seq: account.seq,
    ledgerSeq: account.ledgerSeq,
    tradingState: account.latch.state,
    createdAtMs: terms.createdAtMs,
    began: account.began,
    archivedAtMs: account.archivedAtMs,
    balances: [...account.totals.keys()].toSorted().map((asset) => {
      const [total, reserved] = [account.total(asset), account.reserved(asset)];
      return { asset, total, reserved, free: total.minus(reserved) };
    }),
    positions: [...account.positions.values()],
    openOrders: [...account.open.all()].map(orderView),
    marks,
    rates: new Map([...assets].map((asset) => [asset, session.rate(asset, terms.baseCurrency)])),
  };
}

function heldMargin(account: AccountState, session: SessionMarket): HeldMargin {
  let ordered = Decimal.zero;
  let fees = Decimal.zero;
  for (const instrument of account.open.instruments()) {
    const totals = account.open.totals(instrument);
    const rate = session.rate(parseInstrumentId(instrument)?.quote ?? '', account.terms.baseCurrency);
    if (rate === null) continue;
    ordered = ordered.plus(totals.buyNotional.plus(totals.sellNotional).times(rate));
    fees = fees.plus(totals.buyFees.plus(totals.sellFees).times(rate));
  }
  return { rules: account.margin, ordered, fees };
}
