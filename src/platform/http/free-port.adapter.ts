import { once } from 'node:events';
import { createServer } from 'node:net';
import { BootFault } from '../boot-fault.js';

interface Place {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/**
 * Finds out before anything else is started whether the server will be able to listen, so that a taken port costs a
 * second and not a first start. Throws BootFault.
 */
export async function requireFreePort({ host, port }: Place): Promise<void> {
  const probe = createServer().listen({ host, port });
  try {
    await once(probe, 'listening');
  } catch (error) {
    throw listenFault(error, { host, port });
  }
  probe.close();
  await once(probe, 'close');
}

/** What a failed `listen` means to a person; anything unknown comes back as it is. */
export function listenFault(error: unknown, { host, port }: Place): unknown {
  const what = {
    EADDRINUSE: `port ${port} on ${host} is taken by another program`,
    EACCES: `port ${port} may not be opened by this user`,
    EADDRNOTAVAIL: `this machine has no address ${host}`,
    ENOTFOUND: `${host} is no address`,
  }[(error as NodeJS.ErrnoException).code ?? ''];
  if (what === undefined) return error;
  return new BootFault(
    {
      what,
      allowed: 'a free port on an address of this machine',
      do: 'set PORT (0 takes any free one) or HOST',
    },
    { cause: error },
  );
}
