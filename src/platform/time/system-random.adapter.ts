import { randomFillSync } from 'node:crypto';
import { Random } from '../../kernel/random.js';

/** Randomness of the operating system, drawn in blocks because a system call per id would cost more than the id. */
export class SystemRandom extends Random {
  private readonly pool = new Uint32Array(1024);
  private at = this.pool.length;

  nextFloat(): number {
    if (this.at >= this.pool.length) {
      randomFillSync(this.pool);
      this.at = 0;
    }
    const high = this.pool[this.at] >>> 5;
    const low = this.pool[this.at + 1] >>> 6;
    this.at += 2;
    return (high * 67108864 + low) / 9007199254740992;
  }
}
