import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** What the copies of the log hold, and erasures that do not go their usual way. */
export const AUDIT_EVENTS = {
  'a copy of the log is judged': {
    code: 'log-copy-judged',
    level: 'info',
    description: 'What the auditor knows of a server of the log has changed',
    fields: ['server', 'state'],
    optional: ['reason'],
  },
  'a copy of the log is damaged': {
    code: 'log-copy-damaged',
    level: 'error',
    description:
      'A server lacks records that another one holds, from the position on. See the runbook: a server of the log is damaged',
    fields: ['server', 'records', 'position'],
  },
  'a copy that is not compared yet leads the log': {
    code: 'uncompared-copy-leads',
    level: 'warn',
    description:
      'The server came back, as after every start. The auditor asks it to hand over, to the successor if there is one',
    fields: ['server'],
    optional: ['successor'],
  },
  'a suspect copy leads the log': {
    code: 'suspect-copy-leads',
    level: 'error',
    description: 'The auditor asks the server to hand over, to the successor if there is one',
    fields: ['server'],
    optional: ['successor'],
  },
  'the log is led by a bad copy': {
    code: 'log-distrusted',
    level: 'error',
    description: 'This process appends nothing until another server leads. One line until then',
    fields: ['server'],
  },
  'copies of the log cannot be compared now': {
    code: 'log-copies-not-compared',
    level: 'warn',
    description: 'A reader of a copy ended early. The auditor tries again in its next round',
    fields: ['error'],
  },
  'the leader of the log cannot be looked at': {
    code: 'log-leader-unknown',
    level: 'warn',
    description: 'The auditor does not know who leads. It asks again in its next round',
    fields: ['error'],
  },
  'a deletion cannot be done': {
    code: 'deletion-stuck',
    level: 'error',
    description: 'A deletion record stays open; others go on. See the runbook: an erasure is stuck',
    fields: ['position', 'reason'],
  },
  'erasures cannot be reconciled': {
    code: 'erasures-not-reconciled',
    level: 'warn',
    description: 'Log or Postgres did not answer. One line until they do',
    fields: ['error'],
  },
  'an erasure of which the database lost the end is done': {
    code: 'erasure-reconciled',
    level: 'warn',
    description: 'The database was restored from a copy, and the log shows that the person is gone',
    fields: ['position'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
