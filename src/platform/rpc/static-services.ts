export const staticServicesSay = 'part=URL pairs such as trading=http://10.0.0.7:3000, one for each instance';

/** `data=http://a:3000, data=http://b:3000` to URLs by part, in their order; null when it does not read so. */
export function parseStaticServices(items: readonly string[]): ReadonlyMap<string, readonly string[]> | null {
  const services = new Map<string, string[]>();
  for (const item of items) {
    const match = /^([a-z][a-z-]*)=(https?:\/\/[^\s,]+?)\/?$/.exec(item);
    if (match === null || !URL.canParse(match[2])) return null;
    services.set(match[1], [...(services.get(match[1]) ?? []), match[2]]);
  }
  return services;
}
