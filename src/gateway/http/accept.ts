/** Does the Accept header prefer CSV to JSON? Without one, or with wildcards alone, JSON it is. */
export function prefersCsv(accept: string | undefined): boolean {
  if (accept === undefined || !/csv/i.test(accept)) return false;
  let json = 0;
  let csv = 0;
  for (const part of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = part.trim().split(';');
    const q = parameters.map((p) => /^\s*q\s*=\s*(\d(?:\.\d{1,3})?)\s*$/.exec(p)?.[1]).find(Boolean);
    const weight = q === undefined ? 1 : Number(q);
    if (type === 'text/csv') csv = Math.max(csv, weight);
    if (type === 'application/json') json = Math.max(json, weight);
  }
  return csv > 0 && csv >= json;
}

/** Does the client take gzip? Not without being asked, and not when it says `gzip;q=0`. */
export function acceptsGzip(acceptEncoding: string | string[] | undefined): boolean {
  const parts = String(acceptEncoding ?? '')
    .toLowerCase()
    .split(',');
  return parts.some((part) => {
    const [coding, ...parameters] = part.trim().split(';');
    if (coding !== 'gzip' && coding !== 'x-gzip') return false;
    return !parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter));
  });
}
