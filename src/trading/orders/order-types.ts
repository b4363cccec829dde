import type { OrderType, Side, TimeInForce } from '../contract/orders.js';

/** What each type needs: a price it may not pass, a price that wakes it, and which way the market must come to that. */
interface OrderForm {
  readonly limitPrice: boolean;
  /** `stop`: woken by a market that goes against whoever waits; `profit`: by one that goes with them. */
  readonly trigger: 'none' | 'stop' | 'profit';
  readonly trails: boolean;
}

const forms: Readonly<Record<OrderType, OrderForm>> = {
  market: { limitPrice: false, trigger: 'none', trails: false },
  limit: { limitPrice: true, trigger: 'none', trails: false },
  stop_market: { limitPrice: false, trigger: 'stop', trails: false },
  stop_limit: { limitPrice: true, trigger: 'stop', trails: false },
  trailing_stop_market: { limitPrice: false, trigger: 'stop', trails: true },
  take_profit_market: { limitPrice: false, trigger: 'profit', trails: false },
  take_profit_limit: { limitPrice: true, trigger: 'profit', trails: false },
};

export function formOf(type: OrderType): OrderForm {
  return forms[type];
}

/** Does it sleep until the market reaches its trigger? */
export function isConditional(type: OrderType): boolean {
  return forms[type].trigger !== 'none';
}

/**
 * Stops and take-profits are one trigger with a direction: a buy stop and a sell take-profit wait for the market to
 * rise to it, a sell stop and a buy take-profit for it to fall.
 */
export function triggerDirection(type: OrderType, side: Side): 'up' | 'down' {
  return (forms[type].trigger === 'stop') === (side === 'buy') ? 'up' : 'down';
}

/** May what cannot be filled at once go on waiting? */
export function mayRest(timeInForce: TimeInForce): boolean {
  return timeInForce !== 'ioc' && timeInForce !== 'fok';
}
