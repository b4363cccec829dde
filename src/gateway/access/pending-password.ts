import 'reflect-metadata';

const pendingKey = Symbol('pending-password');

/** Open also to users whose password was set by somebody else and is not changed yet. */
export function WithPendingPassword(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    Reflect.defineMetadata(pendingKey, true, descriptor.value);
  };
}

export function allowsPendingPassword(route: Function): boolean {
  return Reflect.getMetadata(pendingKey, route) === true;
}
