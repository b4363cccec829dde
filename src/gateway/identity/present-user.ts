import { toRfc3339 } from '../../kernel/time.js';
import type { Role } from '../../kernel/principal.js';
import type { User } from '../contract/identity.js';

/** A stored user as the API shows it: everything but the password. */
export function presentUser(row: {
  id: string;
  username: string;
  role: Role;
  disabled: boolean;
  passwordChangeRequired: boolean;
  createdMs: number;
  lastLoginMs: number | null;
}): User {
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    disabled: row.disabled,
    passwordChangeRequired: row.passwordChangeRequired,
    createdAt: toRfc3339(row.createdMs),
    lastLoginAt: row.lastLoginMs === null ? null : toRfc3339(row.lastLoginMs),
  };
}
