import { Decimal } from '../../../src/kernel/decimal.js';
import { isKeptDenial, mayFollow } from './field-rules.js';
import type { Intent, JournalLine } from './intents.js';
import type { Stored, StoredOrder } from './rows.js';

/** What traders heard on the stream. */
export interface Heard {
  readonly account: string;
  readonly seq: number;
  readonly event: {
    readonly seq: number;
    readonly type: string;
    readonly time: string;
    readonly data: unknown;
  };
}

/** How the story of one intent ended, as its trader knows it. */
export interface Story {
  readonly intent: Intent;
  /** Times nobody knew. */
  unknown: number;
  /** Last answer, if there ever was one. */
  answer: { readonly status: number; readonly replayed: boolean; readonly body: any } | null;
}

export interface Counts {
  acknowledged: number;
  denied: number;
  refused: number;
  cancels: number;
  amends: number;
  deposits: number;
  unsettled: number;
  /** Intents of which nobody knew, at least for a while, whether they were done. */
  ambiguous: number;
  /** Orders among them that had been stored all the same, and those that had not. */
  ambiguousStored: number;
  ambiguousLost: number;
  strategyOrders: number;
  fills: number;
  events: number;
  heard: number;
}

export interface Verdict {
  readonly counts: Counts;
  /** Empty when every promise was kept. Each begins with the promise's name. */
  readonly faults: readonly string[];
}

export function storiesOf(lines: readonly JournalLine[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  for (const line of lines) {
    if (line.k === 'intent') {
      stories.set(line.intent.id, { intent: line.intent, unknown: 0, answer: null });
      continue;
    }
    const story = stories.get(line.id)!;
    if (line.k === 'unknown') story.unknown += 1;
    if (line.k === 'answer') story.answer = line;
  }
  return stories;
}

/** Holds what clients were told against what the database holds. */
export function check(stories: ReadonlyMap<string, Story>, heard: readonly Heard[], stored: Stored): Verdict {
  const faults: string[] = [];
  const counts: Counts = {
    acknowledged: 0,
    denied: 0,
    refused: 0,
    cancels: 0,
    amends: 0,
    deposits: 0,
    unsettled: 0,
    ambiguous: 0,
    ambiguousStored: 0,
    ambiguousLost: 0,
    strategyOrders: stored.orders.filter(({ strategyId }) => strategyId !== null).length,
    fills: stored.fills.length,
    events: stored.events.length,
    heard: heard.length,
  };
  const fault = (promise: string, says: string): void => void faults.push(`${promise}: ${says}`);
  const byTag = groupedBy(
    stored.orders.filter(({ strategyId }) => strategyId === null),
    ({ tags }) => tags[0] ?? '',
  );
  const byId = new Map(stored.orders.map((order) => [order.id, order]));
  const amendedLast = lastAmendments(stored);
  const unchanged = (answered: any, kept: StoredOrder): void =>
    compare(answered, kept, (amendedLast.get(kept.id) ?? 0) > answered.version, fault);
  const deposits = groupedBy(stored.deposits, ({ account, amount }) => `${account} ${Decimal.of(amount)}`);

  for (const [name, same] of groupedBy(
    stored.orders,
    ({ account, clientOrderId }) => `${account} ${clientOrderId}`,
  )) {
    if (same.length > 1) fault('doubled', `client order id ${name} has ${same.length} orders`);
  }
  for (const [tag, orders] of byTag) {
    if (!stories.has(tag)) fault('unasked', `order ${orders[0].id} (${tag}) was meant by nobody`);
  }
  for (const { intent, unknown, answer } of stories.values()) {
    if (unknown > 0) counts.ambiguous += 1;
    if (answer === null) {
      counts.unsettled += 1;
      fault('unsettled', `intent ${intent.id} (${intent.act}) was sent again and again and never answered`);
    }
    if (intent.act === 'place') {
      const found = byTag.get(intent.id) ?? [];
      if (found.length > 1) fault('doubled', `intent ${intent.id} became ${found.length} orders`);
      if (unknown > 0 && answer !== null && answer.status < 300) {
        if (answer.replayed) counts.ambiguousStored += 1;
        else counts.ambiguousLost += 1;
      }
      if (answer === null) continue;
      if (answer.status < 300) {
        counts.acknowledged += 1;
        if (found.length === 0)
          fault('lost', `acknowledged order ${answer.body.id} (${intent.id}) is not stored`);
        else unchanged(answer.body, found[0]);
      } else if (isKeptDenial(answer)) {
        counts.denied += 1;
        denied(intent, answer.body.code, found, stored, fault);
      } else {
        counts.refused += 1;
        if (found.length > 0)
          fault('refused', `intent ${intent.id} was refused with ${answer.body.code} and is stored`);
      }
    } else if (answer === null) continue;
    else if (intent.act === 'deposit') {
      counts.deposits += 1;
      const { amount } = intent.body as { amount: string };
      const found = deposits.get(`${intent.account} ${Decimal.of(amount)}`) ?? [];
      if (found.length > 1) fault('doubled', `deposit ${intent.id} was booked ${found.length} times`);
      if (answer.status >= 300)
        fault('refused', `deposit ${intent.id} was answered ${answer.status} ${answer.body.code}`);
      else if (found.length === 0) fault('lost', `acknowledged deposit ${intent.id} is not booked`);
      else if (found[0].ref !== answer.body.id)
        fault('changed', `deposit ${intent.id} is booked as ${found[0].ref}`);
    } else {
      // Refused, it changed nothing, and what is answered next of the order shows that.
      if (answer.status >= 300) continue;
      if (intent.act === 'amend') counts.amends += 1;
      else counts.cancels += 1;
      const answered =
        intent.act === 'cancel-all' ? answer.body.items.map((item: any) => item.order) : [answer.body];
      for (const order of answered) {
        const kept = byId.get(order.id);
        if (kept === undefined) fault('lost', `order ${order.id}, answered to ${intent.id}, is not stored`);
        else unchanged(order, kept);
      }
    }
  }
  checkFills(stored, fault);
  checkEvents(stored, byId, fault);
  checkHeard(heard, stored, fault);
  return { counts, faults };
}

type Fault = (promise: string, says: string) => void;

/** Version of each order at its last amendment, as the log has it. */
function lastAmendments(stored: Stored): Map<string, number> {
  const amended = stored.events.filter(({ type }) => type === 'order-amended');
  return new Map(amended.map(({ data }) => [data.id, data.version]));
}

/**
 * What was answered is what is stored: terms for ever, but for what was amended since; progress only forward, the end
 * for ever.
 */
function compare(answered: any, kept: StoredOrder, amended: boolean, fault: Fault): void {
  const differs = (field: string, is: unknown, was: unknown): void =>
    fault('changed', `order ${kept.id} was answered with ${field} ${was} and has ${is}`);
  const plain = [
    'id',
    'clientOrderId',
    'instrument',
    'side',
    'type',
    'timeInForce',
    'postOnly',
    'reduceOnly',
  ] as const;
  for (const field of [...plain, 'strategyId'] as const) {
    if (answered[field] !== kept[field]) differs(field, kept[field], answered[field]);
  }
  if (answered.accountId !== kept.account) differs('accountId', kept.account, answered.accountId);
  if (answered.tags.join() !== kept.tags.join()) differs('tags', kept.tags, answered.tags);
  if ((answered.expireAt === null ? null : Date.parse(answered.expireAt)) !== kept.expireMs)
    differs('expireAt', kept.expireMs, answered.expireAt);
  if (Date.parse(answered.createdAt) !== kept.createdMs)
    differs('createdAt', kept.createdMs, answered.createdAt);
  // A trailing trigger is meant to move.
  const prices = [
    'quantity',
    'limitPrice',
    ...(kept.type.startsWith('trailing') ? [] : ['triggerPrice' as const]),
  ] as const;
  for (const field of amended ? [] : prices) {
    const [was, is] = [answered[field], kept[field]];
    if (was === null ? is !== null : is === null || !Decimal.of(was).eq(Decimal.of(is)))
      differs(field, is, was);
  }
  const [was, is] = [Decimal.of(answered.filledQuantity), Decimal.of(kept.filledQuantity)];
  if (is.lt(was)) differs('filledQuantity', is, was);
  if (answered.status !== kept.status && !mayFollow(answered.status, kept.status)) {
    differs('status', kept.status, answered.status);
  }
  if (kept.version < answered.version) differs('version', kept.version, answered.version);
  if (kept.version === answered.version && (answered.status !== kept.status || !is.eq(was))) {
    differs('progress of the same version', kept.status, answered.status);
  }
}

/** A denial is kept, says the same, and did nothing. */
function denied(
  intent: Intent,
  code: string,
  found: readonly StoredOrder[],
  stored: Stored,
  fault: Fault,
): void {
  const [order] = found;
  if (order === undefined) fault('lost', `denial ${intent.id} (${code}) is not kept`);
  else if (order.status !== 'denied' || order.denial?.code !== code) {
    fault(
      'changed',
      `intent ${intent.id} was denied with ${code}; stored is ${order.status} ${order.denial?.code}`,
    );
  } else if (stored.fills.some(({ orderId }) => orderId === order.id)) {
    fault('refused', `denied order ${order.id} has fills`);
  }
}

function checkFills(stored: Stored, fault: Fault): void {
  for (const key of ['id', 'tradeId'] as const) {
    for (const [name, same] of groupedBy(stored.fills, (fill) => `${fill.account} ${fill[key]}`)) {
      if (same.length > 1) fault('doubled', `fill ${name} is stored ${same.length} times`);
    }
  }
  const told = new Map(
    stored.events
      .filter(({ type }) => type === 'fill')
      .map(({ account, seq, data }) => [`${account} ${seq}`, data.id]),
  );
  for (const { account, seq, id, booked } of stored.fills) {
    if (told.get(`${account} ${seq}`) !== id) fault('fills', `fill ${id} is not event ${seq} of ${account}`);
    if (booked !== 1) fault('fills', `fill ${id} is booked in the ledger ${booked} times`);
  }
  if (told.size !== stored.fills.length) {
    fault('fills', `the event log has ${told.size} fills, the table ${stored.fills.length}`);
  }
}

/** No gap in any account's log, and every order in it goes only forward, up to what is stored of it. */
function checkEvents(stored: Stored, byId: ReadonlyMap<string, StoredOrder>, fault: Fault): void {
  const seqs = new Map<string, number>();
  const seen = new Map<string, { status: string; version: number; filled: Decimal }>();
  for (const { account, seq, type, data } of stored.events) {
    const before = seqs.get(account) ?? 0;
    if (seq !== before + 1) fault('gap', `event ${before + 1} of ${account} is missing: ${seq} follows`);
    seqs.set(account, seq);
    if (!type.startsWith('order-')) continue;
    const [was, filled] = [seen.get(data.id), Decimal.of(data.filledQuantity)];
    const from = was?.status ?? 'initialized';
    if (!mayFollow(from, data.status))
      fault('monotone', `order ${data.id} went from ${from} to ${data.status}`);
    if (was && (data.version <= was.version || filled.lt(was.filled))) {
      fault('monotone', `order ${data.id} went back from version ${was.version} to ${data.version}`);
    }
    seen.set(data.id, { status: data.status, version: data.version, filled });
  }
  for (const [id, last] of seen) {
    const kept = byId.get(id);
    if (kept === undefined) fault('lost', `order ${id} is in the log and not stored`);
    else if (kept.status !== last.status || kept.version !== last.version) {
      fault(
        'monotone',
        `order ${id} ends as ${last.status} v${last.version} in the log, stored is ${kept.status} v${kept.version}`,
      );
    }
  }
  for (const id of byId.keys()) if (!seen.has(id)) fault('gap', `order ${id} is in no event`);
}

/** Whatever anybody heard is in the log, word for word. */
function checkHeard(heard: readonly Heard[], stored: Stored, fault: Fault): void {
  const log = new Map(stored.events.map((event) => [`${event.account} ${event.seq}`, event]));
  for (const { account, seq, event } of heard) {
    const kept = log.get(`${account} ${seq}`);
    if (kept === undefined)
      fault('heard', `event ${seq} of ${account} (${event.type}) was heard and is not stored`);
    else if (kept.type !== event.type || JSON.stringify(kept.data) !== JSON.stringify(event.data)) {
      fault(
        'heard',
        `event ${seq} of ${account} was heard as ${event.type} and is stored as ${kept.type}, or says other things`,
      );
    }
  }
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
