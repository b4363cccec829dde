/** How long `Retry-After` asks us to wait: seconds or a date; null when it says nothing readable. Capped at a day. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | null {
  if (!header) return null;
  const dayMs = 86_400_000;
  if (/^\d{1,9}(\.\d+)?$/.test(header.trim())) return Math.min(dayMs, Math.round(Number(header) * 1_000));
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.min(dayMs, Math.max(0, atMs - nowMs));
}
