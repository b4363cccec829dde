/** Where a value would come out of JSON as something else, e.g. `$.items[0].price: a bigint`; null when nothing is lost. */
export function lostInJson(value: unknown, at = '$'): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      if (!Number.isFinite(value)) return `${at}: ${value} becomes null`;
      return Object.is(value, -0) ? `${at}: -0 becomes 0` : null;
    case 'undefined':
      return at === '$' ? null : `${at}: undefined becomes null`;
    case 'object':
      return value === null ? null : lostInObject(value, at);
    default:
      return `${at}: a ${typeof value} has no JSON`;
  }
}

function lostInObject(value: object, at: string): string | null {
  if (Array.isArray(value)) {
    for (const [n, item] of value.entries()) {
      const lost = lostInJson(item, `${at}[${n}]`);
      if (lost !== null) return lost;
    }
    return null;
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  // A contract class has fields only; whatever has behaviour loses it on the way.
  if (prototype !== null && prototype !== Object.prototype) {
    const behaviour = Object.getOwnPropertyNames(prototype).some((name) => name !== 'constructor');
    if (behaviour) return `${at}: a ${prototype.constructor.name} becomes a plain object`;
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return `${at}: a symbol key is dropped`;
  for (const [name, item] of Object.entries(value)) {
    // A field that is undefined and one that is not there mean the same in a contract.
    const lost = item === undefined ? null : lostInJson(item, `${at}.${name}`);
    if (lost !== null) return lost;
  }
  return null;
}
