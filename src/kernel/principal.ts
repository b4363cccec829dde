export const roles = ['viewer', 'trader', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who asks. Plain data, so that it travels through ports and over the wire. */
export interface Principal {
  /** User id, or `system:<part>` for the server's own acts. */
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
}

/** The server acting for itself, e.g. a strategy or a feed. */
export function systemPrincipal(part: string): Principal {
  return { userId: `system:${part}`, username: part, role: 'admin' };
}

export function hasRole(principal: Principal, least: Role): boolean {
  return roles.indexOf(principal.role) >= roles.indexOf(least);
}
