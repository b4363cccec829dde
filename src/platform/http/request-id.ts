/** What a client may choose as its request id; anything else is replaced by one of ours. */
export const requestIdPattern = /^[A-Za-z0-9._-]{8,64}$/;

export const requestIdHeader = 'x-request-id';

/**
 * Ids of the requests of one process: `prefix` (random, made at start) and a count. Cheap, because every request
 * pays for it, and unique across instances as far as the prefix is.
 */
export function requestIds(prefix: string): (header: string | string[] | undefined) => string {
  let count = 0;
  return (header) => {
    if (typeof header === 'string' && requestIdPattern.test(header)) return header;
    count += 1;
    return `${prefix}-${count.toString(36).padStart(6, '0')}`;
  };
}
