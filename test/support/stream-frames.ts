import type { FrameCount } from '../../src/gateway/stream/frame.js';

/** Counts nothing. */
export const uncounted: FrameCount = {
  made: () => undefined,
  sent: () => undefined,
  conflated: () => undefined,
};

/** The JSON in an unmasked WebSocket frame of text. */
export function contentOf(bytes: Buffer): any {
  const short = bytes[1];
  return JSON.parse(bytes.toString('utf8', short < 126 ? 2 : short === 126 ? 4 : 10));
}
