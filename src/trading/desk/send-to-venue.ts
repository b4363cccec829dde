import type { OrderRecord } from '../orders/order.js';
import type { Arrival } from '../venues/paper/paper-venue.js';
import { delayMs } from '../venues/paper/latency.js';
import { arriveAtVenue, type AtVenue } from './at-venue.js';
import { send } from './send-request.js';

/** An order sets out for the venue: it is there at once, or after the account's latency. */
export function sendToVenue(
  venue: AtVenue,
  order: OrderRecord,
  { arrival = null, closes = false }: { arrival?: Arrival | null; closes?: boolean } = {},
): void {
  const { account, journal } = venue;
  const delay = delayMs('place', account.model, account.seq);
  if (delay === 0) {
    arriveAtVenue(venue, order, arrival);
    return;
  }
  account.open.add(order);
  const atMs = account.tools.clock.nowMs() + delay;
  send(account, order, { kind: 'place', atMs, closes }, journal);
}
