import { createHash, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

/** Parallel callers that present the token spent this recently get the same successor; a lost answer is forgiven. */
export const forgivenMs = 10_000;

/** `{family}.{number}.{mac}`: the family is the session, the number counts its refreshes from 1. */
export interface RefreshToken {
  readonly family: string;
  readonly generation: number;
  readonly mac: string;
}

function macOf(key: KeyObject, family: string, generation: number): string {
  return createHmac('sha256', key).update(`refresh|${family}|${generation}`).digest('base64url');
}

/** The token of a generation is a function of the key, so a successor can be told again without being stored. */
export function refreshToken(key: KeyObject, family: string, generation: number): string {
  return `${family}.${generation}.${macOf(key, family, generation)}`;
}

/** Null when the text has not the shape of a refresh token; says nothing about who made it. */
export function parseRefreshToken(text: string): RefreshToken | null {
  const match = /^([0-9A-Z]{26})\.([1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/.exec(text);
  return match && { family: match[1], generation: Number(match[2]), mac: match[3] };
}

/** Was it made with this key? Takes the same time whatever the answer. */
export function isGenuine(key: KeyObject, token: RefreshToken): boolean {
  return timingSafeEqual(Buffer.from(macOf(key, token.family, token.generation)), Buffer.from(token.mac));
}

/** What is stored of a token. */
export function refreshHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export type RefreshVerdict = 'rotate' | 'repeat' | 'reused' | 'ended';

/**
 * What a genuine token is worth: the newest rotates; the one before, within 10 s and while its successor is unused,
 * gets the same successor again; anything older was stolen or replayed, and ends the family.
 */
export function judgeRefresh(
  token: Pick<RefreshToken, 'generation'>,
  session: { generation: number; rotatedMs: number; expiresMs: number; revokedMs: number | null },
  nowMs: number,
): RefreshVerdict {
  if (session.revokedMs !== null || session.expiresMs <= nowMs) return 'ended';
  if (token.generation === session.generation) return 'rotate';
  // Once the successor was used, the session has moved on by two.
  const isPredecessor = token.generation === session.generation - 1;
  return isPredecessor && nowMs - session.rotatedMs <= forgivenMs ? 'repeat' : 'reused';
}
