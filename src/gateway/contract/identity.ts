import { flag, integer, list, oneOf, text, time } from '../../kernel/fields.js';
import { roles, type Role } from '../../kernel/principal.js';

export const passwordLengthMin = 12;
export const passwordLengthMax = 200;
export const usernamePattern = /^[a-z0-9][a-z0-9._@-]{0,63}$/;
const usernameSays = 'must be 1 to 64 of a-z, 0-9 and . _ @ -, starting with a letter or digit';

export class LoginRequest {
  @text({ min: 1, max: 64, example: 'admin' })
  username: string;

  @text({ min: 1, max: passwordLengthMax, example: 'correct horse battery staple' })
  password: string;
}

export class RefreshRequest {
  @text({ min: 1, max: 300, about: 'The newest refresh token of the session.' })
  refreshToken: string;
}

export class Tokens {
  @text({ max: 2000, about: 'JWT for the `Authorization: Bearer` header.' })
  accessToken: string;

  @text({ max: 300, about: 'Spent by its first use; the answer carries its successor.' })
  refreshToken: string;

  @oneOf(['Bearer'])
  tokenType: string;

  @integer({ about: 'Life of the access token in seconds.', example: 900 })
  expiresIn: number;

  @flag({
    optional: true,
    about:
      'Present and true: every route but `POST /v1/auth/password` and `/logout` answers 403 until it is changed.',
  })
  passwordChangeRequired?: boolean;
}

export class ChangePassword {
  @text({ min: 1, max: passwordLengthMax })
  currentPassword: string;

  @text({ min: passwordLengthMin, max: passwordLengthMax, example: 'correct horse battery staple' })
  newPassword: string;
}

export class User {
  @text({ about: 'User id, as accounts name their owner.' })
  id: string;

  @text({ max: 64, example: 'admin' })
  username: string;

  @oneOf(roles, { example: 'trader' })
  role: Role;

  @flag({ about: 'Refused everywhere; takes effect within a second.' })
  disabled: boolean;

  @flag()
  passwordChangeRequired: boolean;

  @time()
  createdAt: string;

  @time({ nullable: true })
  lastLoginAt: string | null;
}

export class Me {
  @text()
  id: string;

  @text({ max: 64, example: 'admin' })
  username: string;

  @oneOf(roles)
  role: Role;

  @text({ about: 'The session this token belongs to.' })
  sessionId: string;

  @flag()
  passwordChangeRequired: boolean;
}

export class CreateUser {
  @text({ max: 64, pattern: usernamePattern, patternSays: usernameSays, example: 'ada' })
  username: string;

  @text({
    min: passwordLengthMin,
    max: passwordLengthMax,
    about: 'First password; the user changes it at the first sign-in.',
    example: 'correct horse battery staple',
  })
  password: string;

  @oneOf(roles, { example: 'trader' })
  role: Role;
}

export class PatchUser {
  @oneOf(roles, { optional: true })
  role?: Role;

  @flag({ optional: true, about: 'True ends all sessions of the user.' })
  disabled?: boolean;

  @text({
    min: passwordLengthMin,
    max: passwordLengthMax,
    optional: true,
    about: 'A new first password; ends all sessions of the user.',
  })
  password?: string;
}

export class SessionInfo {
  @text()
  id: string;

  @time()
  createdAt: string;

  @time({ about: 'Last sign-in or refresh.' })
  lastUsedAt: string;

  @time({ about: 'Ends then at the latest.' })
  expiresAt: string;

  @text({ about: 'Address it was opened from.' })
  address: string;

  @text({ max: 300 })
  userAgent: string;

  @flag({ about: 'The session of this request.' })
  current: boolean;
}

export class UserList {
  @list(() => User)
  items: User[];

  @text({ nullable: true })
  nextCursor: string | null;
}

export class SessionList {
  @list(() => SessionInfo)
  items: SessionInfo[];

  @text({ nullable: true })
  nextCursor: string | null;
}

export class StreamTicket {
  @text({ about: 'Good for one `{op:"auth", ticket}`.' })
  ticket: string;

  @time()
  expiresAt: string;
}
