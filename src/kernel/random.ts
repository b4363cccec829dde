/** Where randomness comes from. Seeded in simulations, replays and tests; never used for secrets. */
export abstract class Random {
  /** Uniform in [0, 1), 53 bits. */
  abstract nextFloat(): number;

  /** Uniform integer in [0, bound). */
  nextInt(bound: number): number {
    return Math.floor(this.nextFloat() * bound);
  }

  /** Standard normal (Box–Muller; one draw per call so that the sequence is easy to reason about). */
  nextGaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.nextFloat()));
    return radius * Math.cos(2 * Math.PI * this.nextFloat());
  }
}

/** sfc32: small, fast, passes PractRand; the same seed gives the same sequence on every platform. */
export class SeededRandom extends Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number | string) {
    super();
    const text = String(seed);
    // FNV-1a with three offsets spreads short seeds over the state.
    const hash = (offset: number): number => {
      let h = offset >>> 0;
      for (let n = 0; n < text.length; n += 1) h = Math.imul(h ^ text.charCodeAt(n), 0x01000193) >>> 0;
      return h;
    };
    this.a = hash(0x811c9dc5);
    this.b = hash(0x9e3779b9);
    this.c = hash(0x85ebca6b);
    for (let n = 0; n < 15; n += 1) this.next32();
  }

  private next32(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    this.c |= 0;
    return t >>> 0;
  }

  nextFloat(): number {
    return ((this.next32() >>> 5) * 67108864 + (this.next32() >>> 6)) / 9007199254740992;
  }
}
