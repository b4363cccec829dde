import type { Answer, Client } from '../../support/client.js';
import type { Story } from './checker.js';

const changing = new Set([
  'status',
  'filledQuantity',
  'leavesQuantity',
  'averagePrice',
  'fees',
  'statusReason',
  'updatedAt',
  'version',
  'triggerPrice',
]);

const amendable = new Set([...changing, 'quantity', 'limitPrice']);

/**
 * Sends every order whose outcome was once unknown again, twice, under its own name: the answer must be the order it
 * became, and the same both times. Of an order that is still open, the market may have moved its progress meanwhile.
 */
export async function sendAgain(
  client: Client,
  stories: ReadonlyMap<string, Story>,
): Promise<{ sent: number; faults: string[] }> {
  const faults: string[] = [];
  let sent = 0;
  for (const { intent, unknown, answer } of stories.values()) {
    if (intent.act !== 'place' || unknown === 0 || answer === null || answer.status === 400) continue;
    const order = { clientOrderId: intent.key, ...intent.body };
    const again = (): Promise<Answer> => client.post(`/v1/accounts/${intent.account}/orders`, order);
    const [first, second] = [await again(), await again()];
    sent += 2;
    const says = (what: string): void =>
      void faults.push(
        `replay: ${intent.id} ${what}: ${[answer, first, second].map(({ status, body }) => `${status} ${body.id ?? body.code}`).join(', then ')}`,
      );
    if (first.status !== second.status) says('was answered in two ways');
    else if (answer.status >= 300) {
      if (first.status !== answer.status || first.body.code !== answer.body.code)
        says('is refused in other words');
    } else if (first.status !== 200 || first.headers.get('idempotency-replayed') !== 'true')
      says('is no replay');
    else {
      if (!equal(answer.body, first.body, amendable)) says('became another order');
      if (!equal(first.body, second.body)) says('is two orders');
      if (first.body.leavesQuantity === '0' && JSON.stringify(first.body) !== JSON.stringify(second.body))
        says('changed after its end');
    }
  }
  return { sent, faults };
}

/** But for what the market may change, and, between a first answer and a later one, an amendment. */
function equal(one: object, other: object, but: ReadonlySet<string> = changing): boolean {
  const lasting = (order: object): string =>
    JSON.stringify(Object.entries(order).filter(([field]) => !but.has(field)));
  return lasting(one) === lasting(other);
}
