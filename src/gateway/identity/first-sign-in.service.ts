import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/time.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { Database } from '../../platform/database/database.service.js';
import { GatewayConfig } from '../gateway.config.js';
import { Passwords } from './passwords.service.js';

export const firstUsername = 'admin';

/** What the start banner tells a new owner. */
export interface FirstSignInResult {
  readonly username: string;
  /** Only when it was generated just now; it is stored nowhere but as its hash. */
  readonly password: string | null;
  /** Where the password of this first user comes from. */
  readonly source: 'generated' | 'ADMIN_PASSWORD' | 'chosen before';
}

/**
 * Makes the first user at the first start. A generated password is told exactly once and must be changed at the first
 * sign-in; if it was lost before that, a start with ADMIN_PASSWORD replaces it.
 */
@Injectable()
export class FirstSignIn {
  private result: FirstSignInResult = { username: firstUsername, password: null, source: 'chosen before' };
  private readonly log: Log;

  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
    private readonly ids: Ids,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
  }

  /** Called once at start, before anybody can sign in. Two servers that start together make one user. */
  async prepare(): Promise<void> {
    const given = this.config.adminPassword?.reveal() ?? null;
    const { rows } = await this.database.query<{ username: string; unchanged: boolean }>(
      'SELECT username, password_change_required AND last_login_ms IS NULL AS unchanged FROM gateway.users ORDER BY id',
    );
    const owner = rows.find(({ username }) => username === firstUsername);
    if (rows.length === 0) {
      const password = given ?? this.passwords.generate();
      if (await this.insert(password, given === null)) {
        this.result = {
          username: firstUsername,
          password: given === null ? password : null,
          source: given === null ? 'generated' : 'ADMIN_PASSWORD',
        };
      }
    } else if (owner?.unchanged && given !== null) {
      await this.database.query(
        `UPDATE gateway.users SET password_hash = $2, password_change_required = false
         WHERE username = $1 AND password_change_required AND last_login_ms IS NULL`,
        [firstUsername, await this.passwords.hash(given)],
      );
      this.result = { username: firstUsername, password: null, source: 'ADMIN_PASSWORD' };
      this.log.info({}, 'the generated password nobody had used was replaced by ADMIN_PASSWORD');
    }
  }

  /** For the start banner. A generated password is in the first answer only. */
  take(): FirstSignInResult {
    const { result } = this;
    this.result = { ...result, password: null };
    return result;
  }

  private async insert(password: string, mustChange: boolean): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `INSERT INTO gateway.users (id, username, password_hash, role, password_change_required, created_ms)
       VALUES ($1, $2, $3, 'admin', $4, $5) ON CONFLICT (username) DO NOTHING`,
      [this.ids.next(), firstUsername, await this.passwords.hash(password), mustChange, this.clock.nowMs()],
    );
    return rowCount === 1;
  }
}
