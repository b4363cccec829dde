import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/time.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import { gatewayProblem } from '../contract/errors.js';
import type { ChangePassword, CreateUser, PatchUser, User } from '../contract/identity.js';
import { Directory } from './directory.service.js';
import { Passwords } from './passwords.service.js';
import { SignIn } from './sign-in.service.js';
import { UserRepository, type UserChange } from './user.repository.js';

/** All users are held in memory, so their number has an end. */
const usersMax = 10_000;

/** Who may sign in, with which role, and their passwords. */
@Injectable()
export class Users {
  private readonly log: Log;

  constructor(
    private readonly rows: UserRepository,
    private readonly passwords: Passwords,
    private readonly directory: Directory,
    private readonly signIn: SignIn,
    private readonly clock: Clock,
    private readonly ids: Ids,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
  }

  /** The new user must change this first password. Throws AUTH_USERNAME_TAKEN, AUTH_USERS_TOO_MANY. */
  async create(by: Principal, user: CreateUser): Promise<User> {
    if ((await this.rows.count()) >= usersMax) {
      throw gatewayProblem('AUTH_USERS_TOO_MANY', {
        detail: `there are ${usersMax} users already, which is the most; connect an identity provider for more`,
      });
    }
    this.judge(user.password, user.username);
    const id = this.ids.next();
    await this.rows.insert({
      id,
      username: user.username,
      passwordHash: await this.passwords.hash(user.password),
      role: user.role,
      disabled: false,
      passwordChangeRequired: true,
      createdMs: this.clock.nowMs(),
      lastLoginMs: null,
    });
    this.log.info({ by: by.userId, userId: id, role: user.role }, 'a user was created');
    return this.note(id);
  }

  /** Throws AUTH_USER_UNKNOWN, AUTH_LAST_ADMIN. */
  async patch(by: Principal, id: string, patch: PatchUser): Promise<User> {
    const known = this.directory.find(id);
    if (known === null) this.unknown(id);
    const change: UserChange = {};
    if (patch.role !== undefined) change.role = patch.role;
    if (patch.disabled !== undefined) change.disabled = patch.disabled;
    if (patch.password !== undefined) {
      this.judge(patch.password, known.user.username);
      change.passwordHash = await this.passwords.hash(patch.password);
      change.passwordChangeRequired = true;
    }
    if (Object.keys(change).length === 0) return known.user;
    const outcome = await this.rows.updateKeepingAnAdmin(id, change);
    if (outcome === 'unknown') this.unknown(id);
    if (outcome === 'last-admin') {
      throw gatewayProblem('AUTH_LAST_ADMIN', {
        detail: 'this is the last enabled administrator; make somebody else one first',
      });
    }
    const user = await this.note(id);
    if (patch.disabled === true) await this.signIn.revoke({ userId: id, because: 'disabled' });
    else if (patch.password !== undefined) await this.signIn.revoke({ userId: id, because: 'password' });
    this.log.info({ by: by.userId, userId: id, changed: Object.keys(patch) }, 'a user was changed');
    return user;
  }

  /** The user's own change: other sessions end, this one goes on. Throws AUTH_CREDENTIALS_INVALID, AUTH_PASSWORD_REFUSED. */
  async changePassword(by: Principal, sessionId: string, change: ChangePassword): Promise<void> {
    const row = await this.rows.findForSignIn(by.username);
    if (!(await this.passwords.matches(row?.passwordHash ?? null, change.currentPassword))) {
      throw gatewayProblem('AUTH_CREDENTIALS_INVALID', {
        detail: 'currentPassword is not the password of this user',
        errors: [{ pointer: '/currentPassword', detail: 'is wrong' }],
      });
    }
    if (change.newPassword === change.currentPassword) {
      this.refuse('is the old one; choose another');
    }
    this.judge(change.newPassword, by.username);
    const passwordHash = await this.passwords.hash(change.newPassword);
    await this.rows.update(by.userId, { passwordHash, passwordChangeRequired: false });
    await this.note(by.userId);
    await this.signIn.revoke({ userId: by.userId, except: sessionId, because: 'password' });
    this.log.info({ userId: by.userId }, 'a user changed the password');
  }

  /** Everybody for administrators, else nobody but oneself. */
  visibleTo(principal: Principal): User[] {
    return hasRole(principal, 'admin')
      ? this.directory.all()
      : this.directory.all().filter(({ id }) => id === principal.userId);
  }

  /**
   * Id of the user somebody means to share with, given as id or username. Throws AUTH_GRANTEE_UNKNOWN, for disabled ones
   * too; `n` is its place in the list of grants.
   */
  grantee(text: string, n: number): string {
    const user = this.directory.find(text)?.user ?? this.directory.named(text);
    if (user !== null && !user.disabled) return user.id;
    const detail = `no user ${JSON.stringify(text)} may sign in here; name one by id or username`;
    throw gatewayProblem('AUTH_GRANTEE_UNKNOWN', {
      detail,
      errors: [{ pointer: `/grants/${n}/user`, detail }],
    });
  }

  private judge(password: string, username: string): void {
    if (password.toLowerCase().includes(username) && username.length >= 4) {
      this.refuse('contains the username; choose another');
    }
    if (new Set(password).size < 5) this.refuse('uses fewer than 5 different characters; choose another');
  }

  private refuse(why: string): never {
    throw gatewayProblem('AUTH_PASSWORD_REFUSED', {
      detail: `the password ${why}`,
      errors: [{ pointer: '/newPassword', detail: why }],
    });
  }

  private unknown(id: string): never {
    throw gatewayProblem('AUTH_USER_UNKNOWN', { detail: `there is no user ${id}; GET /v1/users lists them` });
  }

  private async note(id: string): Promise<User> {
    const row = await this.rows.get(id);
    if (row === null) this.unknown(id);
    return this.directory.noteUser(row);
  }
}
