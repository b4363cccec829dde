import { invariant } from '../../kernel/invariant.js';
import type { AccountState } from '../accounts/account-state.js';
import { noHold } from '../accounts/open-orders.js';
import { type Denial, type ListMembership, moveOrder, type OrderRecord, orderView } from '../orders/order.js';
import type { ListContent, ListMember } from '../orders/list-content.js';
import { denialOf, formRules } from '../risk/risk-gate.js';
import { orderKey } from '../risk/duplicate-guard.js';
import type { Replaced } from '../risk/risk-scene.js';
import type { AtVenue } from './at-venue.js';
import { orderEventType } from './booking.js';
import type { DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { checkExpiry, denyOrder, newOrder } from './new-order.js';
import { type Plan, planOrder } from './plan-order.js';
import { sendToVenue } from './send-to-venue.js';
import { settleLists } from './settle-lists.js';

interface Planned {
  readonly member: ListMember;
  readonly plan: Plan;
  readonly order: OrderRecord;
}

/**
 * Places the orders of a list, all or none: when the gate denies one, all are kept as denied with its reason. Legs and
 * entries arrive at the venue; children wait as `submitted` for their entry to fill.
 */
export function placeMembers(
  desk: DeskState,
  account: AccountState,
  asked: {
    list: ListContent;
    strategyId: string | null;
    contentHash: string;
    /** Nobody named its entry. */
    unnamed?: boolean;
  },
  journal: Journal,
): { orders: OrderRecord[]; denial: Denial | null } {
  const nowMs = account.tools.clock.nowMs();
  const { list, unnamed = false } = asked;
  for (const { content } of list.members) checkExpiry(content, nowMs);
  const planned = planMembers({ desk, account, journal }, asked);
  const orders = planned.map(({ order }) => order);
  const denial = denialAmong(planned);
  if (denial !== null) {
    for (const order of orders) denyOrder(account, order, denial, journal);
    return { orders, denial };
  }
  if (unnamed && account.limits.duplicateWindowMs !== null)
    account.lately.took(orderKey(planned[0].plan.judged), nowMs);
  for (const { member, order } of planned) {
    account.rate.take();
    account.tools.shared?.rate.take();
    moveOrder(order, 'submitted', nowMs);
    if (waits(member)) {
      order.inactive = order.terms.quantity;
      account.open.add(order);
      journal.event(account, orderEventType(order), nowMs, orderView(order));
    } else if (list.kind === 'oco') {
      // Known to each other before one of them can be filled.
      account.open.add(order);
    }
  }
  for (const { member, plan, order } of planned) {
    if (waits(member) || !order.isOpen) continue;
    const { instrument, session } = plan.scene;
    invariant(instrument !== null, 'the gate lets known instruments pass', { order: order.terms.id });
    const venue: AtVenue = {
      account,
      instrument,
      market: session.of(instrument.id),
      session,
      journal,
    };
    sendToVenue(venue, order, { arrival: list.kind === 'oco' ? null : plan.arrival });
    settleLists(desk, journal);
  }
  return { orders, denial: null };
}

function planMembers(
  scene: { desk: DeskState; account: AccountState; journal: Journal },
  { list, strategyId, contentHash, unnamed = false }: Parameters<typeof placeMembers>[2],
): Planned[] {
  const { account, desk } = scene;
  const { kind, activation, members } = list;
  const { ids } = account.tools;
  const listId = ids.next();
  const orderIds = members.map(() => ids.next());
  // Nothing of it is open yet, so only their number has to be told.
  const replaces: Replaced = { ...noHold, orders: 1 - members.length };
  const planned: Planned[] = [];
  for (const [n, member] of members.entries()) {
    const [first] = planned;
    const quantity = member.content.quantity ?? first?.plan.judged.quantity ?? null;
    const content = { ...member.content, quantity, exits: null };
    // Only one of a pair will fill, but neither knows which; a cash account pays for each in another asset.
    const beside =
      first?.plan.judged.side === content.side ? null : (first?.plan.scene.marginNeeded() ?? null);
    const plan = planOrder(desk, account, content, {
      replaces,
      beside: list.kind === 'oco' ? beside : null,
      unnamed: unnamed && n === 0,
    });
    const membership: ListMembership = {
      id: listId,
      kind,
      role: member.role,
      activation,
      links: orderIds.filter((id) => id !== orderIds[n]),
    };
    const order = newOrder(scene, {
      id: orderIds[n],
      content,
      plan,
      clientOrderId: member.clientOrderId,
      strategyId,
      contentHash,
      list: membership,
    });
    planned.push({ member, plan, order });
  }
  return planned;
}

/** Entries and legs pass every rule; of what waits for an entry only its form can be judged yet. */
function denialAmong(planned: readonly Planned[]): Denial | null {
  for (const { member, plan } of planned) {
    const denial = waits(member) ? denialOf(plan.scene, formRules) : denialOf(plan.scene);
    if (denial !== null) return denial;
  }
  return null;
}

function waits({ role }: ListMember): boolean {
  return role !== 'entry' && role !== 'leg';
}
