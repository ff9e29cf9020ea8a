import { Type } from 'typebox';
import { IdempotencyKey } from '../commands.ts';
import type { ErrorCode } from '../error-codes.ts';
import { type Field, waitHeaders } from './operation.ts';

/** Headers of every change of a person. */
export const changeHeaders = {
  ...waitHeaders,
  'If-Match': {
    description:
      'Strong `ETag`s of reads, or `*`: 412 if the person has changed since. A retry with its `Idempotency-Key` is recognised first',
    schema: Type.String(),
  },
  'Idempotency-Key': {
    description:
      'A request that was answered 503, or not at all, may have made its change. Sent again with the same key and body it makes it once. 422 with another body. The key of a request that changed nothing is not kept: `If-Match` keeps a late retry from undoing what others did since',
    schema: IdempotencyKey,
  },
} as const satisfies Record<string, Field>;

/** What the headers of a change may cause. */
export const problemsOfConditions = [
  'precondition-failed',
  'idempotency-key-reused',
] as const satisfies readonly ErrorCode[];
