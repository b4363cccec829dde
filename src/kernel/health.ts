/** Where the process stands: it serves only when `ready`. */
export type Stage = 'starting' | 'ready' | 'draining';

/**
 * What the probes ask. Parts register what must hold for them to serve; whoever boots the process says how far it is.
 * A check resolves when all is well and throws, with a sentence for people, when not.
 */
export abstract class Health {
  /** `name` stands in the answer of the probes, e.g. `database`; a later check of the same name takes its place. */
  abstract register(name: string, check: () => Promise<void> | void): void;
  /** Everything is up: from now on the checks decide. */
  abstract started(): void;
  /** The end has come: not ready any more, whatever the checks say. */
  abstract drain(): void;
  abstract readonly stage: Stage;
}
