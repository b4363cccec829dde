/** Which methods a path knows; asked only where no route matched, to tell 405 from 404. */
export class RouteTable {
  private readonly routes: { segments: readonly string[]; methods: Set<string> }[] = [];
  private readonly byPattern = new Map<string, Set<string>>();

  /** `pattern` as the router has it: `/v1/orders/:id`, `/docs/*`. */
  add(method: string, pattern: string): void {
    const known = this.byPattern.get(pattern);
    if (known) {
      known.add(method);
      return;
    }
    const methods = new Set([method]);
    this.byPattern.set(pattern, methods);
    this.routes.push({ segments: pattern.split('/'), methods });
  }

  /** Methods of every pattern that fits the path, sorted; empty when none does. A pattern of `*` alone fits nothing. */
  methodsOf(path: string): string[] {
    const segments = path.split('/');
    const found = new Set<string>();
    for (const route of this.routes) {
      if (fits(route.segments, segments)) for (const method of route.methods) found.add(method);
    }
    return [...found].toSorted();
  }
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  for (let n = 0; n < pattern.length; n += 1) {
    const part = pattern[n];
    if (part.startsWith('*')) return n > 1;
    if (n >= path.length) return false;
    if (part.startsWith(':') ? path[n] === '' : part !== path[n]) return false;
  }
  return pattern.length === path.length;
}
