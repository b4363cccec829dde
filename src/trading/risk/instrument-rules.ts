import { type Finding, finding, type Rule } from './rule.js';

/** What the instrument itself allows: known, trading, on its steps, not too small. */
export const instrumentKnown: Rule = {
  name: 'instrument-known',
  judge: ({ instrument, order }) =>
    finding(
      instrument !== null,
      'TRADING_INSTRUMENT_UNKNOWN',
      { instrument: order.instrument },
      'see GET /v1/instruments for those that are known',
    ),
};

export const instrumentTrading: Rule = {
  name: 'instrument-trading',
  judge: ({ instrument, account }) => {
    const marginOnly = instrument?.settlement === 'contract' && account.terms.type === 'cash';
    return finding(
      instrument !== null && instrument.status === 'trading' && !marginOnly,
      'TRADING_INSTRUMENT_NOT_TRADING',
      {
        instrumentStatus: marginOnly ? 'derivatives need a margin account' : (instrument?.status ?? null),
        needed: 'trading',
      },
      'wait until it trades again or choose another instrument',
    );
  },
};

export const priceStep: Rule = {
  name: 'price-step',
  judge: ({ instrument, order }) => {
    const { limitPrice, triggerPrice } = order;
    const tickSize = instrument?.tickSize ?? null;
    const onTick = [limitPrice, triggerPrice].every(
      (price) => price === null || tickSize === null || price.isMultipleOf(tickSize),
    );
    const trigger: Finding['facts'] = triggerPrice === null ? {} : { triggerPrice };
    return finding(
      onTick,
      'TRADING_PRICE_STEP',
      { limitPrice, ...trigger, tickSize },
      'round the price to a multiple of tickSize',
    );
  },
};

export const quantityStep: Rule = {
  name: 'quantity-step',
  judge: ({ instrument, order }) =>
    finding(
      instrument === null || order.quantity.isMultipleOf(instrument.lotSize),
      'TRADING_QUANTITY_STEP',
      { quantity: order.quantity, lotSize: instrument?.lotSize ?? null },
      'round the quantity to a multiple of lotSize',
    ),
};

export const quantityMinimum: Rule = {
  name: 'quantity-minimum',
  judge: ({ instrument, order }) =>
    finding(
      instrument === null || (order.quantity.isPositive() && order.quantity.gte(instrument.minimumQuantity)),
      'TRADING_QUANTITY_TOO_SMALL',
      { quantity: order.quantity, minimum: instrument?.minimumQuantity ?? null },
      'send at least the minimum',
    ),
};

export const notionalMinimum: Rule = {
  name: 'notional-minimum',
  judge: ({ instrument, notional }) =>
    finding(
      instrument === null || notional === null || notional.gte(instrument.minimumNotional),
      'TRADING_NOTIONAL_TOO_SMALL',
      { notional, minimum: instrument?.minimumNotional ?? null },
      'send at least the minimum',
    ),
};
