import type { AccountEvent, AccountFact, AttemptRecord, EventMetadata } from '@zameni/contracts';

/** A record that changes read models, in the order of the log. */
export type ProjectedRecord =
  | { readonly kind: 'event'; readonly event: ProjectedEvent }
  | { readonly kind: 'attempt'; readonly attempt: ProjectedAttempt };

/**
 * An event of an account with its position in the log. `open`: with its personal data. `erased`:
 * the person's key is gone because they were erased, so only the facts are left.
 */
export type ProjectedEvent = {
  readonly metadata: EventMetadata;
  readonly position: number;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
} & (
  | { readonly personal: 'open'; readonly event: AccountEvent }
  | { readonly personal: 'erased'; readonly event: AccountFact }
);

/** A record of an attempt with its position in the log. Its sealed data stays sealed. */
export type ProjectedAttempt = {
  readonly attemptId: string;
  readonly position: number;
  readonly record: AttemptRecord;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};

/** The position of a record in the log. */
export function positionOf(record: ProjectedRecord): number {
  return record.kind === 'attempt' ? record.attempt.position : record.event.position;
}
