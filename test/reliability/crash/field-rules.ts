/**
 * The rules of the field as the proof understands them, written down apart from the product: were they taken from
 * there, a wrong table would be right by definition.
 */
const moves: Readonly<Record<string, readonly string[]>> = {
  initialized: ['denied', 'submitted'],
  submitted: ['accepted', 'triggered', 'partially_filled', 'filled', 'canceled', 'rejected', 'expired'],
  accepted: ['triggered', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected'],
  triggered: ['partially_filled', 'filled', 'canceled', 'expired', 'rejected'],
  partially_filled: ['partially_filled', 'filled', 'canceled', 'expired'],
};

/** Whether an order seen in one status may be seen in the other later on, over whatever came between. */
export function mayFollow(from: string, to: string): boolean {
  // Amended or linked anew it keeps its status; a closed order has no next entry at all.
  if (from === to) return moves[from] !== undefined;
  const reached = new Set([from]);
  for (const status of reached) for (const next of moves[status] ?? []) reached.add(next);
  return reached.has(to);
}

/** 422s that come before our risk is asked: nothing of them is kept. */
const notKept = new Set([
  'TRADING_CLIENT_ORDER_ID_REUSED',
  'TRADING_ORDER_INCOMPLETE',
  'TRADING_ORDER_TYPE_UNSUPPORTED',
]);

/**
 * A denial of our risk is kept as an order with status `denied`; everything else that is refused leaves no trace.
 * Told apart by the answer alone: status 422 and a code of the trading module that is no fault of form.
 */
export function isKeptDenial({ status, body }: { status: number; body: any }): boolean {
  return status === 422 && String(body?.code).startsWith('TRADING_') && !notKept.has(body.code);
}
