import 'reflect-metadata';

export const policyNames = ['login', 'address', 'read', 'write', 'orders', 'safety'] as const;
export type PolicyName = (typeof policyNames)[number];

const policyKey = Symbol('limit');
const coalescesKey = Symbol('coalesces');

/** Which quota a route uses; without it reads use `read`, changes `write`, public routes `address`. */
export function Limited(policy: PolicyName): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    Reflect.defineMetadata(policyKey, policy, descriptor.value);
  };
}

/**
 * Past its quota the route is still called, with `request.overQuota` set, and shares the answer of an equal request
 * of the last second; only when there is none does it answer 429. For cancels: repeating one must never fail.
 */
export function Coalesces(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    Reflect.defineMetadata(coalescesKey, true, descriptor.value);
  };
}

export function policyOf(route: Function): PolicyName | null {
  return Reflect.getMetadata(policyKey, route) ?? null;
}

export function coalesces(route: Function): boolean {
  return Reflect.getMetadata(coalescesKey, route) === true;
}
