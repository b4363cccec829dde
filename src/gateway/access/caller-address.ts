/** The address limits count by: a whole /64 of IPv6, since one user holds that many. */
export function callerAddress(ip: string): string {
  if (!ip.includes(':') || ip.startsWith('::ffff:')) return ip;
  const [head, tail = ''] = ip.split('::');
  const start = head === '' ? [] : head.split(':');
  const end = tail === '' ? [] : tail.split(':');
  const gap = ip.includes('::')
    ? Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => '0')
    : [];
  return `${[...start, ...gap, ...end].slice(0, 4).join(':')}::/64`;
}
