import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Requests, limits, and what operators did. */
export const HTTP_EVENTS = {
  'request answered': {
    code: 'request-answered',
    level: 'info',
    description:
      'One request, if it is logged (`ZAMENI_LOG_REQUESTS`). Never a path, a query or an address',
    fields: ['method', 'route', 'status', 'durationNs', 'traceId', 'sampleRate'],
    optional: ['problem', 'spanId'],
  },
  'request failed': {
    code: 'request-failed',
    level: 'error',
    description:
      'Requests are answered 5xx: the newest, and how many since the last line. At most one line a second and kind. Refusals are not among them',
    fields: ['error', 'traceId', 'faults'],
  },
  'the HTTP framework reports a fault': {
    code: 'http-framework-fault',
    level: 'warn',
    description: 'A fault inside the HTTP framework, for example an answer that was sent twice',
    fields: ['error'],
  },
  'overloaded, requests are refused': {
    code: 'overloaded',
    level: 'warn',
    description: 'Requests are refused with 503 before any work. At most one line a second',
    fields: ['refused'],
  },
  'redis does not answer, limits are local': {
    code: 'limits-local',
    level: 'warn',
    description: 'Each process counts by itself until Redis answers again',
    fields: ['error'],
  },
  'redis answers again, limits are shared': {
    code: 'limits-shared',
    level: 'info',
    description: 'Limits are counted in Redis again',
    fields: [],
  },
  'operator discarded a record': {
    code: 'operator-discarded',
    level: 'warn',
    description: 'An operator has a parked record skipped for ever',
    fields: ['position', 'reason', 'actor', 'traceId'],
    optional: ['subject'],
  },
  'operator changed the read models': {
    code: 'operator-changed-read-models',
    level: 'warn',
    description: 'An operator began, accepted, cancelled, switched or dropped a version',
    fields: ['version', 'state', 'actor', 'traceId'],
  },
  'operator redrove mails': {
    code: 'operator-redrove-mails',
    level: 'warn',
    description: 'An operator has abandoned mails sent after all',
    fields: ['mails', 'actor', 'traceId'],
    optional: ['mail', 'reason'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
