import { Type } from 'typebox';
import { IdempotencyKey, RegisterCommand } from '../commands.ts';
import { ImportLine } from '../import-views.ts';
import { commandHeaders, type Operation, problemsEverywhere } from './operation.ts';

/** The operations that accept many people at once. */
export const IMPORT_OPERATIONS = {
  importPeople: {
    id: 'importPeople',
    service: 'command-api',
    method: 'post',
    path: '/v1/imports',
    summary: 'Register many people',
    description: `Accepts NDJSON. Each line is the body of a registration, at most 16 KiB. An import has at most 10 MiB and 10,000 rows; up to 10,000 blank lines are skipped. Rows are registered during the upload. The answer begins after its end: one line for each row, in the order of the rows, then a summary with counts and the \`position\` that covers all rows.

Each row is vouched for: an account at once, unproven unless its \`emailVerified\` says otherwise.

Rows are independent: a refused, invalid or failed row does not stop the others. After a \`failed\` row, or without a summary because the connection broke, send the same import again under the same \`Idempotency-Key\`: rows that were accepted get their first answer again, and nobody is registered twice. Another row, or another \`mail\`, on the same line under the same key is refused as \`idempotency-key-reused\`. If an import is refused as a whole after its upload began, \`detail\` states the number of accepted rows.`,
    token: 'needed',
    scopes: ['users:import'],
    params: {},
    query: {
      mail: {
        description:
          'Whether people get a mail with a link to prove their mailboxes; default `false`',
        schema: Type.Enum(['true', 'false']),
      },
    },
    headers: {
      'Idempotency-Key': {
        description: 'Identifies the import, so that it can be sent again',
        schema: IdempotencyKey,
        required: true,
      },
    },
    lines: RegisterCommand,
    answers: {
      202: {
        description:
          'Accepted. Each line is one JSON text: the outcome of a row; the last line is the summary',
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
