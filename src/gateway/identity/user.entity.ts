import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../../kernel/principal.js';

/** Somebody who may sign in. Times in ms; the password only as its argon2id hash. */
@Entity({ schema: 'gateway', name: 'users' })
export class UserEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  username: string;

  @Column('text', { name: 'password_hash', select: false })
  passwordHash: string;

  @Column('text')
  role: Role;

  @Column('boolean')
  disabled: boolean;

  @Column('boolean', { name: 'password_change_required' })
  passwordChangeRequired: boolean;

  @Column('bigint', { name: 'created_ms' })
  createdMs: number;

  @Column('bigint', { name: 'last_login_ms', nullable: true })
  lastLoginMs: number | null;

  /** Set by the database at every write; never by us. */
  @Column({ type: 'bigint', name: 'changed_ms', insert: false, update: false })
  changedMs: number;
}
