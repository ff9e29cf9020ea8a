import { type Static, Type } from 'typebox';
import { Uuid, PositionToken } from './identifiers.ts';
import { FieldError } from './problem.ts';

/** Maximum rows of an import. As many blank lines, which do not count as rows, are accepted. */
export const MAX_IMPORT_ROWS = 10_000;

/** Maximum bytes of an import. */
export const MAX_IMPORT_BYTES = 10 * 1024 * 1024;

const closed = { additionalProperties: false } as const;

const line = Type.Integer({ minimum: 1, description: 'The line of the import, counted from 1' });

/** Result of one row of an import, discriminated by `outcome`. It repeats nothing of the row. */
export const ImportRow = Type.Union(
  [
    Type.Object({ line, outcome: Type.Literal('registered'), userId: Uuid }, closed),
    Type.Object(
      {
        line,
        outcome: Type.Literal('refused'),
        code: Type.Enum(['address-taken', 'idempotency-key-reused', 'user-erased']),
      },
      closed,
    ),
    Type.Object(
      {
        line,
        outcome: Type.Literal('invalid'),
        code: Type.Enum(['malformed-json', 'payload-too-large', 'invalid-request']),
        errors: Type.Optional(Type.Array(FieldError)),
      },
      closed,
    ),
    // A retry may succeed: the same import under the same key.
    Type.Object(
      {
        line,
        outcome: Type.Literal('failed'),
        code: Type.Enum([
          'log-unavailable',
          'log-full',
          'overloaded',
          'service-unavailable',
          'internal',
        ]),
      },
      closed,
    ),
  ],
  { title: 'ImportRow' },
);
export type ImportRow = Static<typeof ImportRow>;

const count = Type.Integer({ minimum: 0 });

/** The last line of the answer to an import. An answer without it was cut off. */
export const ImportSummary = Type.Object(
  {
    rows: count,
    registered: count,
    refused: count,
    invalid: count,
    failed: count,
    position: Type.Optional(PositionToken),
  },
  { ...closed, title: 'ImportSummary', description: 'Rows by outcome, and the position of all' },
);
export type ImportSummary = Static<typeof ImportSummary>;

/** One line of the answer of `POST /v1/imports`. */
export const ImportLine = Type.Union([ImportRow, ImportSummary], { title: 'ImportLine' });
export type ImportLine = Static<typeof ImportLine>;
