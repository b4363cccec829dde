import { decimal, instrumentId, oneOf, text } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

export const instrumentStatuses = ['trading', 'paused', 'delisted'] as const;

/** What may be changed about an instrument; all of it is the venue's rule, not ours. */
export class InstrumentRules {
  @decimal({ about: 'Price step, in quote asset.', example: '0.01' })
  tickSize: string;

  @decimal({ about: 'Quantity step, in base asset.', example: '0.00001' })
  lotSize: string;

  @decimal({ about: 'Least quantity of an order, in base asset.', example: '0.00001', sign: 'not-negative' })
  minimumQuantity: string;

  @decimal({
    about: 'Least price × quantity of an order, in quote asset.',
    example: '5',
    sign: 'not-negative',
  })
  minimumNotional: string;

  @decimal({
    about: 'Fee for adding liquidity, as a ratio of notional.',
    example: '0.001',
    sign: 'not-negative',
  })
  makerFee: string;

  @decimal({
    about: 'Fee for taking liquidity, as a ratio of notional.',
    example: '0.001',
    sign: 'not-negative',
  })
  takerFee: string;

  @oneOf(instrumentStatuses, {
    about:
      'Only `trading` instruments take new orders. What you stop stays stopped until you let it trade, whatever its venue lists.',
    example: 'trading',
  })
  status: string;
}

export class Instrument extends InstrumentRules {
  @instrumentId({ about: '`BASE-QUOTE.VENUE`.' })
  id: string;

  @text({ max: 20, example: 'BTC' })
  base: string;

  @text({ max: 20, example: 'USD' })
  quote: string;

  @text({ max: 20, example: 'SIM' })
  venue: string;
}

/** The instruments the server knows, and the venue's rules for each. */
export abstract class Instruments {
  static readonly port: PortDescription<Instruments> = {
    name: 'data.instruments',
    methods: { list: 'read', get: 'read', put: 'keyed' },
  };

  /** All of them, by id. */
  abstract list(query: object): Promise<Instrument[]>;
  /** Throws DATA_UNKNOWN_INSTRUMENT. */
  abstract get(query: { id: string }): Promise<Instrument>;
  /** Creates or replaces. Throws REQUEST_INVALID when the id is not `BASE-QUOTE.VENUE`. */
  abstract put(command: { principal: Principal; id: string; rules: InstrumentRules }): Promise<Instrument>;
}
