/** A reason not to start that a person can remove: what was found, what is needed, what to do. Printed, then exit. */
export class BootFault extends Error {
  override readonly name = 'BootFault';
  constructor(
    readonly content: {
      /** What was found, in one sentence. */
      readonly what: string;
      /** What it has to be. */
      readonly allowed: string;
      /** What the person who starts the server can do about it. */
      readonly do: string;
    },
    options?: { cause?: unknown },
  ) {
    super(`${content.what}\n  needed: ${content.allowed}\n  do: ${content.do}`, options);
  }
}
