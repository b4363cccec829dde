import { configOf, env } from '../config/config.js';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export class LogConfig extends configOf({
  level: env.oneOf('LOG_LEVEL', logLevels, { default: 'info', about: 'Least level that is written.' }),
  format: env.oneOf('LOG_FORMAT', ['auto', 'json', 'human'], {
    default: 'auto',
    about: 'One JSON object per line, or lines for people; auto writes those for people on a terminal.',
  }),
  noColor: env.text('NO_COLOR', { about: 'Set to anything to have no colours on a terminal.' }),
}) {}
