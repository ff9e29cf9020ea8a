import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Work under a lease: projection, versions of the read models, reactors. */
export const PROJECTION_EVENTS = {
  'work is active': {
    code: 'work-active',
    level: 'info',
    description: 'This process has the lease and works on from the position',
    fields: ['work', 'position'],
  },
  'work stands by': {
    code: 'work-standby',
    level: 'info',
    description: 'Another process has the lease',
    fields: ['work', 'position'],
  },
  'work lost its lease': {
    code: 'lease-lost',
    level: 'warn',
    description: 'Another process took the lease over, because this one was late to renew it',
    fields: ['work'],
  },
  'work stalled': {
    code: 'work-stalled',
    level: 'error',
    description:
      'The work failed and is tried again, with longer pauses. See the runbook: lag grows',
    fields: ['work', 'error'],
  },
  'lease not released, it will expire': {
    code: 'lease-not-released',
    level: 'warn',
    description: 'A standby can go on only when the lease expires',
    fields: ['work', 'error'],
  },
  'a subject is parked': {
    code: 'subject-parked',
    level: 'error',
    description: 'A record cannot be applied. See the runbook: parked accounts',
    fields: ['subject', 'position', 'reason'],
    optional: ['sqlState'],
  },
  'a subject is parked again': {
    code: 'subject-parked-again',
    level: 'warn',
    description: 'A redrive failed: the cause is not mended',
    fields: ['subject', 'reason'],
  },
  'a parked subject is applied': {
    code: 'subject-unparked',
    level: 'info',
    description: 'A redrive succeeded',
    fields: ['subject'],
  },
  'a parked subject cannot be read': {
    code: 'subject-unreadable',
    level: 'warn',
    description: 'A redrive could not read the records of a subject, and is tried again',
    fields: ['subject', 'error'],
  },
  'cache epoch begun': {
    code: 'cache-epoch-begun',
    level: 'info',
    description: 'The projector took the cache over. Older entries are worthless',
    fields: ['position'],
  },
  'cache epoch lost': {
    code: 'cache-epoch-lost',
    level: 'warn',
    description: 'Another projector writes the cache, or Redis lost its data',
    fields: ['position'],
  },
  'cache write failed, its epoch ends': {
    code: 'cache-write-failed',
    level: 'warn',
    description: 'Redis is not reached. The projection goes on without the cache',
    fields: ['error'],
  },
  'attempts could not be removed or counted': {
    code: 'housekeeping-failed',
    level: 'warn',
    description: 'Ended attempts stay in the read model until the next round',
    fields: ['error'],
  },
  'a key is not opened by any key of the ring': {
    code: 'key-not-opened',
    level: 'error',
    description:
      'A person’s key was wrapped with a key that is missing. Restore it from the backup',
    fields: ['position'],
  },
  'follows a version': {
    code: 'version-followed',
    level: 'info',
    description: 'This process competes for the work on a version of the read models',
    fields: ['version', 'state'],
  },
  'does not follow a version any more': {
    code: 'version-left',
    level: 'info',
    description: 'A version was dropped',
    fields: ['version'],
  },
  'a version of the read models is deleted': {
    code: 'version-deleted',
    level: 'info',
    description: 'The schema of a dropped version is gone',
    fields: ['version'],
  },
  'versions cannot be read': {
    code: 'versions-unknown',
    level: 'warn',
    description: 'Postgres is not reached. One line until it is',
    fields: ['error'],
  },
  'readers see the rebuilt read models': {
    code: 'rebuild-live',
    level: 'info',
    description: 'A rebuild is done: nothing differed, and readers were switched',
    fields: ['version'],
  },
  'the rebuilt read models differ from the live ones': {
    code: 'rebuild-differs',
    level: 'warn',
    description: 'A rebuild waits for an operator, who accepts or cancels it',
    fields: ['version'],
  },
  'a rebuild could not be finished yet': {
    code: 'rebuild-delayed',
    level: 'warn',
    description: 'Comparing or switching failed and is tried again',
    fields: ['error'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
