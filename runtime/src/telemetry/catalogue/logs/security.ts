import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** The security log: who used power over others, and who was refused. It has no personal data. */
export const SECURITY_EVENTS = {
  'scope used on others': {
    code: 'scope-used',
    level: 'info',
    description:
      'A caller acted on a person, or on the system, by `users:admin`, `users:erase`, `users:write` or `ops:write`. The status says how it ended. In the security log',
    fields: ['method', 'route', 'status', 'actor', 'scope', 'traceId'],
    optional: ['person', 'problem'],
  },
  'caller refused': {
    code: 'caller-refused',
    level: 'warn',
    description:
      'A request was answered 401, 403 or 429. Without an actor it had no valid token. In the security log',
    fields: ['method', 'route', 'status', 'problem', 'traceId'],
    optional: ['actor', 'person'],
  },
  'callers refused in a flood': {
    code: 'callers-refused',
    level: 'warn',
    description:
      'So many requests more were refused in the last second, of which none has a line. In the security log',
    fields: ['problem', 'refused'],
  },
  'the security log is not written': {
    code: 'security-log-not-written',
    level: 'error',
    description:
      'The file of the security log cannot be written, for example because the disk is full. Requests go on. One line until it is written again',
    fields: ['error'],
  },
  'security events are being lost': {
    code: 'security-events-being-lost',
    level: 'error',
    description:
      'A megabyte of security events waits for the file that cannot be written, and further ones are lost. Make room, or mend the file',
    fields: [],
  },
  'security events were lost': {
    code: 'security-events-lost',
    level: 'warn',
    description:
      'So many lines are missing before this one, because the file could not be written. In the security log',
    fields: ['lost'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
