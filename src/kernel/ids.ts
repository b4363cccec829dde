import type { Clock } from './time.js';
import type { Random } from './random.js';

/** Where ids come from. Ids are 26-character ULIDs: unique, and ordered by the time they were made. */
export abstract class Ids {
  abstract next(): string;
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Two digits at a time: an id is made for every order and every fill. */
const pairs: readonly string[] = Array.from({ length: 1024 }, (_, n) => alphabet[n >> 5] + alphabet[n & 31]);

/** ULIDs from a clock and a random source; rising even within one millisecond and when the clock steps back. */
export class UlidIds extends Ids {
  private lastMs = 0;
  private high = 0;
  private low = 0;
  /** Time and high half as text: they stay for all ids of a millisecond. */
  private beginning = '';

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    super();
  }

  next(): string {
    const nowMs = this.clock.nowMs();
    if (nowMs > this.lastMs) {
      this.lastMs = nowMs;
      // 40 + 40 random bits; the top bit of the high half stays clear so that counting up cannot overflow.
      this.high = Math.floor(this.random.nextFloat() * 2 ** 39);
      this.low = Math.floor(this.random.nextFloat() * 2 ** 40);
      this.beginning = base32(this.lastMs, 10) + base32(this.high, 8);
    } else if (++this.low >= 2 ** 40) {
      this.low = 0;
      this.high += 1;
      this.beginning = base32(this.lastMs, 10) + base32(this.high, 8);
    }
    return this.beginning + base32(this.low, 8);
  }
}

/** `length` is even and the value fits. */
function base32(value: number, length: number): string {
  let text = '';
  for (let n = 0; n < length; n += 2) {
    text = pairs[value % 1024] + text;
    value = Math.floor(value / 1024);
  }
  return text;
}
