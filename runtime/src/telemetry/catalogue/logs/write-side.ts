import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Commits, and the stores that all services use. */
export const WRITE_SIDE_EVENTS = {
  'the room of the log cannot be looked up, the last answer stays': {
    code: 'log-room-unknown',
    level: 'warn',
    description:
      'NATS or Postgres did not say how full the log is. One line until it answers again',
    fields: [],
  },
  'the log is full': {
    code: 'log-full',
    level: 'warn',
    description:
      'Registrations of this kind are refused with 503 `log-full`. One line until they end',
    fields: ['logKind'],
    optional: ['logPercent', 'liveAttempts'],
  },
  'an intent could not be decided': {
    code: 'decision-failed',
    level: 'error',
    description: 'A command failed by a fault of ours; the others of its group go on',
    fields: ['error'],
  },
  'group commit failed': {
    code: 'commit-failed',
    level: 'error',
    description: 'The log refused a group or was not reached. Its callers get an error',
    fields: ['error'],
  },
  'append in doubt': {
    code: 'append-in-doubt',
    level: 'warn',
    description:
      'The log did not say whether it took a batch. It is read back before it is repeated',
    fields: ['error'],
  },
  'idle postgres connection lost': {
    code: 'postgres-connection-lost',
    level: 'warn',
    description: 'A connection ended while nobody used it. The pool opens another one',
    fields: ['error'],
  },
  'redis connection fault': {
    code: 'redis-connection-fault',
    level: 'warn',
    description: 'Redis is not reached. The client connects again by itself',
    fields: ['error'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
