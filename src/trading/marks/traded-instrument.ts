import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { Instrument } from '../../data/contract/instruments.js';
import type { Settlement } from '../ledger/ledger.js';

/** A venue's rules for one instrument, read into numbers. Fees are ratios of notional. */
export interface TradedInstrument {
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly settlement: Settlement;
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
  readonly minimumQuantity: Decimal;
  readonly minimumNotional: Decimal;
  readonly makerFee: Decimal;
  readonly takerFee: Decimal;
  readonly status: string;
}

export function tradedInstrument(instrument: Instrument): TradedInstrument {
  return {
    id: instrument.id,
    base: instrument.base,
    quote: instrument.quote,
    settlement: settlementOf(instrument.id),
    tickSize: Decimal.of(instrument.tickSize),
    lotSize: Decimal.of(instrument.lotSize),
    minimumQuantity: Decimal.of(instrument.minimumQuantity),
    minimumNotional: Decimal.of(instrument.minimumNotional),
    makerFee: Decimal.of(instrument.makerFee),
    takerFee: Decimal.of(instrument.takerFee),
    status: instrument.status,
  };
}

/** Spot instruments swap two assets; derivatives (`BTC-USDT-PERP.BINANCE`) pay only what was realised. */
export function settlementOf(instrumentId: string): Settlement {
  return parseInstrumentId(instrumentId)?.contract ? 'contract' : 'exchange';
}
