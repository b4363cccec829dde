import 'reflect-metadata';
import type { Role } from './principal.js';

/** What a route asks of its caller. A route that says nothing is closed to everybody. */
export type Access = 'public' | Role;

const accessKey = Symbol('access');

type RouteOrClass = ClassDecorator & MethodDecorator;

function mark(access: Access): RouteOrClass {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor) => {
    Reflect.defineMetadata(accessKey, access, descriptor ? descriptor.value : target);
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
  return Reflect.getMetadata(accessKey, route) ?? Reflect.getMetadata(accessKey, controller) ?? null;
}
