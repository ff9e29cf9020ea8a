import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Reads: the cache, the databases and the log behind a query. */
export const READ_SIDE_EVENTS = {
  'cache does not answer, reading without it': {
    code: 'cache-away',
    level: 'warn',
    description: 'Reads go to the databases. They are slower and as right as before',
    fields: ['error'],
  },
  'cache answers again': {
    code: 'cache-back',
    level: 'info',
    description: 'Reads ask the cache again',
    fields: [],
  },
  'store does not answer': {
    code: 'store-away',
    level: 'warn',
    description: 'A database is left out of reads until it answers a probe',
    fields: ['error', 'store'],
  },
  'store answers again': {
    code: 'store-back',
    level: 'info',
    description: 'A database is asked again',
    fields: ['store'],
  },
  'log not reached, trying again': {
    code: 'log-away',
    level: 'warn',
    description: 'The query API does not reach NATS. The head of the log is unknown meanwhile',
    fields: ['error'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
