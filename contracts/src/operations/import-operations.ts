import { Type } from 'typebox';
import { IdempotencyKey, RegisterCommand } from '../commands.ts';
import { ImportLine } from '../import-views.ts';
import { commandHeaders, type Operation, problemsEverywhere } from './operation.ts';

/** The operations that take many people at once. */
export const IMPORT_OPERATIONS = {
  importPeople: {
    id: 'importPeople',
    service: 'command-api',
    method: 'post',
    path: '/v1/imports',
    summary: 'Register many people',
    description: `Takes NDJSON: on each line the body of a registration (10 MiB and 10,000 rows at most, each at most 16 KiB; blank lines are none, and 10,000 of them are skipped). Rows are registered while the upload goes on; the answer begins when it has ended: one line a row, in their order, and last a summary that counts them and carries the \`position\` that covers all of them.

Each row is vouched for: an account at once, unproven unless its \`emailVerified\` says otherwise.

Rows stand alone: one that is refused, invalid or failed holds up no other. Whoever sees a row \`failed\`, or no summary because the connection broke, sends the same import again under the same \`Idempotency-Key\`: rows that were taken in get their first answer again and nobody is doubled. Another row, or another \`mail\`, on the same line under the same key is refused as \`idempotency-key-reused\`. Where an import is refused as a whole after its upload began, \`detail\` says how many rows were taken in.`,
    token: 'needed',
    scopes: ['users:import'],
    params: {},
    query: {
      mail: {
        description:
          'Whether people are mailed a link to prove their mailboxes; `false` unless it is asked for',
        schema: Type.Enum(['true', 'false']),
      },
    },
    headers: {
      'Idempotency-Key': {
        description: 'Names the import, so that it can be sent again',
        schema: IdempotencyKey,
        required: true,
      },
    },
    lines: RegisterCommand,
    answers: {
      202: {
        description:
          'Taken in. Each line is one JSON text: the outcome of a row, and as the last line the summary',
        lines: ImportLine,
        headers: { 'Cache-Control': commandHeaders['Cache-Control'] },
      },
    },
    problems: [
      ...problemsEverywhere,
      'malformed-header',
      'forbidden',
      'invalid-request',
      'rate-limited',
      'payload-too-large',
      'unsupported-media-type',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
