import { VenueFault } from '../venues/venue.js';

/**
 * Asks a venue something for as long as a connection lives: what it says after the end is nobody's business any more,
 * and what goes wrong before is told, with how long the venue wants to be left alone.
 */
export async function whileOpen(
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<void>,
  failed: (fault: { says: string; pauseMs: number }) => void,
): Promise<void> {
  try {
    await act(signal);
  } catch (error) {
    if (signal.aborted) return;
    const pauseMs = error instanceof VenueFault ? (error.retryAfterMs ?? 0) : 0;
    failed({ says: (error as Error).message, pauseMs });
  }
}
