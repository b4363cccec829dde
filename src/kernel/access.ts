import type { Role } from './principal.js';

/** What a route asks of its caller. A route that says nothing is closed to everybody. */
export type Access = 'public' | Role;

const accessByTarget = new WeakMap<object, Access>();

type RouteOrClass = ClassDecorator & MethodDecorator;

function mark(access: Access): RouteOrClass {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor) => {
    accessByTarget.set((descriptor ? descriptor.value : target) as object, access);
  };
}

/** Anybody may call it, e.g. a health probe. On a route or on a whole controller. */
export function Public(): RouteOrClass {
  return mark('public');
}

/** Callers of this role or a higher one. On a route or on a whole controller; the route's own word wins. */
export function RequireRole(least: Role): RouteOrClass {
  return mark(least);
}

/** What the route asks, or null when neither it nor its controller says. */
export function accessOf(route: Function, controller: Function): Access | null {
  const own = accessByTarget.get(route);
  if (own !== undefined) return own;
  // What a controller inherits from counts as its own word, as with every decorator.
  for (let c: Function | null = controller; c !== null; c = Object.getPrototypeOf(c) as Function | null) {
    const access = accessByTarget.get(c);
    if (access !== undefined) return access;
  }
  return null;
}
