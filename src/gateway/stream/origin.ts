/**
 * May a page of this origin open the stream? Programs send no origin and may; pages served from here may; others only
 * when they are listed. A browser sends the origin truthfully, which is all this protects against.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (allowed.includes(origin)) return true;
  if (!URL.canParse(origin) || host === undefined) return false;
  return new URL(origin).host === host.toLowerCase();
}
