import { hasRole, type Principal } from '../../kernel/principal.js';
import type { AccountGrant } from '../contract/accounts.js';

/**
 * What somebody may do with an account; each includes those before it. `read` sees everything, `trade` places, amends
 * and cancels orders, closes positions and halts. `own` moves money, sets limits and lets trade again. `share` gives
 * the account a name and others a part in it.
 */
export const accessLevels = ['read', 'trade', 'own', 'share'] as const;
export type Access = (typeof accessLevels)[number];

/** How far a principal may go with an account; null: it does not know that there is one. */
export function accessOf(
  principal: Principal,
  { owner, grants }: { readonly owner: string; readonly grants: readonly AccountGrant[] },
): Access | null {
  if (owner === principal.userId || hasRole(principal, 'admin')) return 'share';
  if (hasRole(principal, 'operator')) return 'own';
  return grants.find(({ user }) => user === principal.userId)?.level ?? null;
}

export function includes(has: Access, needed: Access): boolean {
  return accessLevels.indexOf(has) >= accessLevels.indexOf(needed);
}
