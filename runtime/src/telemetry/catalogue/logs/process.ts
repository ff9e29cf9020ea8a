import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Start and end of a process, and what it reads from files. */
export const PROCESS_EVENTS = {
  'service listens': {
    code: 'service-listens',
    level: 'info',
    description: 'The process accepts requests',
    fields: ['port'],
  },
  draining: {
    code: 'draining',
    level: 'info',
    description: 'A signal asks the process to stop. It finishes accepted work',
    fields: ['signal'],
  },
  stopped: {
    code: 'stopped',
    level: 'info',
    description: 'The last line of a process. Status 0 is a complete drain after a signal',
    fields: ['exitStatus'],
  },
  'drain failed': {
    code: 'drain-failed',
    level: 'error',
    description: 'A resource was not released, or not before the deadline',
    fields: ['error'],
  },
  'service failed': {
    code: 'service-failed',
    level: 'fatal',
    description: 'The process cannot start or go on, and ends with status 1',
    fields: ['error'],
  },
  'telemetry is not exported': {
    code: 'telemetry-not-exported',
    level: 'warn',
    description:
      'The collector is away or refuses. Requests are not slowed down; spans are dropped and counted. At most one line a minute',
    fields: ['error', 'faults'],
  },
  'key ring read': {
    code: 'key-ring-read',
    level: 'info',
    description: 'A ring is read because its file changed. Also in the security log',
    fields: ['path', 'currentKey', 'keys'],
  },
  'key ring not read, the last one stays': {
    code: 'key-ring-not-read',
    level: 'error',
    description:
      'The file of a ring is missing or not valid. Mend it; keys that are new are missing',
    fields: ['path', 'error'],
  },
  'issuer keys read': {
    code: 'issuer-keys-read',
    level: 'info',
    description: 'The public keys of an issuer of tokens are read, or changed',
    fields: ['issuer', 'keyCount'],
  },
  'issuer keys not read': {
    code: 'issuer-keys-not-read',
    level: 'warn',
    description: 'The keys of an issuer cannot be read. The last ones stay; new ones are refused',
    fields: ['issuer', 'error'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
