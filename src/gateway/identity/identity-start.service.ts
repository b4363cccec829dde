import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock, dayMs, hourMs } from '../../kernel/time.js';
import { Log } from '../../kernel/log.js';
import { Directory } from './directory.service.js';
import { FirstSignIn } from './first-sign-in.service.js';
import { SessionRepository } from './session.repository.js';
import { SigningKeys } from './signing-keys.service.js';

/** Ended sessions are kept so long for whoever investigates. */
const keepEndedMs = 30 * dayMs;

/** Brings identity up in order (keys, first user, directory) and keeps house each hour: key rotation, old sessions. */
@Injectable()
export class IdentityStart implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private readonly log: Log;

  constructor(
    private readonly keys: SigningKeys,
    private readonly first: FirstSignIn,
    private readonly directory: Directory,
    private readonly sessions: SessionRepository,
    private readonly clock: Clock,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
  }

  async onModuleInit(): Promise<void> {
    await this.keys.load();
    await this.first.prepare();
    await this.directory.start();
    this.timer = setInterval(() => {
      this.keepHouse().catch((error: unknown) => {
        this.log.warn(
          { error: (error as Error).message },
          'identity could not be tidied; tried again in an hour',
        );
      });
    }, hourMs).unref();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async keepHouse(): Promise<void> {
    await this.keys.load();
    await this.sessions.forget(this.clock.nowMs() - keepEndedMs);
  }
}
