import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThanOrEqual, type Repository } from 'typeorm';
import { isUniqueViolation } from '../../platform/database/sql-error.js';
import { gatewayProblem } from '../contract/errors.js';
import { UserEntity } from './user.entity.js';

export type UserChange = Partial<
  Pick<UserEntity, 'role' | 'disabled' | 'passwordHash' | 'passwordChangeRequired' | 'lastLoginMs'>
>;

/** Users as stored. Writes name the columns they change, so that two writers never undo each other. */
@Injectable()
export class UserRepository {
  constructor(@InjectRepository(UserEntity) private readonly users: Repository<UserEntity>) {}

  /** Users changed at or after `changedMs` on the database's clock; 0 gives all. */
  changedSince(changedMs: number): Promise<UserEntity[]> {
    return this.users.find({ where: { changedMs: MoreThanOrEqual(changedMs) } });
  }

  /** With the password hash, which no other reading gives. */
  findForSignIn(username: string): Promise<UserEntity | null> {
    return this.users
      .createQueryBuilder('user')
      .addSelect('user.passwordHash')
      .where('user.username = :username', { username })
      .getOne();
  }

  get(id: string): Promise<UserEntity | null> {
    return this.users.findOneBy({ id });
  }

  count(): Promise<number> {
    return this.users.count();
  }

  /** Throws AUTH_USERNAME_TAKEN. */
  async insert(user: Omit<UserEntity, 'changedMs'>): Promise<void> {
    try {
      await this.users.insert(user);
    } catch (error) {
      if (!isUniqueViolation((error as { driverError?: unknown }).driverError ?? error)) throw error;
      throw gatewayProblem('AUTH_USERNAME_TAKEN', {
        detail: `username ${user.username} belongs to somebody; choose another`,
        errors: [{ pointer: '/username', detail: 'is taken' }],
      });
    }
  }

  /** False when there is no such user. */
  async update(id: string, change: UserChange): Promise<boolean> {
    const { affected } = await this.users.update({ id }, change);
    return (affected ?? 0) > 0;
  }

  /**
   * Changes a user unless it is the last enabled administrator and would no longer be one.
   * The check and the change are one act, also between two servers.
   */
  async updateKeepingAnAdmin(id: string, change: UserChange): Promise<'changed' | 'unknown' | 'last-admin'> {
    return this.users.manager.transaction(async (tx) => {
      const admins = await tx
        .createQueryBuilder(UserEntity, 'user')
        .setLock('pessimistic_write')
        .where("user.role = 'admin' AND NOT user.disabled")
        .orderBy('user.id')
        .getMany();
      const stepsDown = (change.role !== undefined && change.role !== 'admin') || change.disabled === true;
      if (stepsDown && admins.length === 1 && admins[0].id === id) return 'last-admin';
      const { affected } = await tx.update(UserEntity, { id }, change);
      return (affected ?? 0) > 0 ? 'changed' : 'unknown';
    });
  }
}
