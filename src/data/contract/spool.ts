/**
 * Where the body of an import lands before its job is made, so that an acknowledged import survives a crash.
 * Not a port: bytes do not travel through JSON; who receives and who reads share one machine or one DATA_DIR.
 */
export abstract class Spool {
  /**
   * Receives the body whole and answers its name for `Imports`; gzip and zip are recognised by their first bytes, and
   * must be what the sender says they are. Throws DATA_IMPORT_UNREADABLE for broken gzip, an archive that is not one
   * readable file, or a body cut short, REQUEST_TOO_LARGE past the limit; then nothing is kept.
   */
  abstract receive(
    body: AsyncIterable<Uint8Array>,
    options: { gzip: boolean; zip?: boolean },
  ): Promise<string>;
}
