import { Injectable } from '@nestjs/common';
import { Algorithm, hash, verify } from '@node-rs/argon2';
import { problem } from '../../kernel/errors.js';
import { Clock } from '../../kernel/time.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { Secrets } from './secrets.adapter.js';

/** OWASP's argon2id floor: 19 MiB, two passes, one lane; about 30 ms each. */
const cost = { algorithm: Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** At the same time; more would only take the thread pool from the rest of the server. */
const runningMax = 2;
/** Past it a sign-in is refused at once: at 30 ms each, the last of these has waited a second. */
const waitingMax = 64;

/** Hashes and checks passwords, a bounded number at a time. */
@Injectable()
export class Passwords {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly decoy: Promise<string>;

  constructor(
    private readonly secrets: Secrets,
    private readonly clock: Clock,
    private readonly metrics: GatewayMetrics,
  ) {
    this.decoy = hash(secrets.bytes(32), cost);
  }

  /** A password nobody can guess, of 4 × 5 letters and digits that look different from one another. */
  generate(): string {
    const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
    const letters: string[] = [];
    while (letters.length < 20) {
      // Bytes past the last whole multiple would make the first letters likelier.
      for (const byte of this.secrets.bytes(32))
        if (byte < 248 && letters.length < 20) letters.push(alphabet[byte % 31]);
    }
    return [0, 5, 10, 15].map((at) => letters.slice(at, at + 5).join('')).join('-');
  }

  /** Throws SERVER_OVERLOADED when too many wait. */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, cost));
  }

  /** `stored` null (no such user) takes as long as a wrong password and is false. Throws SERVER_OVERLOADED. */
  matches(stored: string | null, password: string): Promise<boolean> {
    return this.inTurn(async () => {
      const same = await verify(stored ?? (await this.decoy), password);
      return same && stored !== null;
    });
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting.length >= waitingMax) {
      this.metrics.logins.inc({ outcome: 'overloaded' });
      throw problem('SERVER_OVERLOADED', {
        detail: `${waitingMax} sign-ins are waiting already; try again in a few seconds`,
        retryAfterSeconds: 2,
      });
    }
    const startMs = this.clock.monotonicMs();
    if (this.running >= runningMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place is handed over, so that nobody slips in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
      this.metrics.passwordSeconds.observe((this.clock.monotonicMs() - startMs) / 1000);
    }
  }
}
