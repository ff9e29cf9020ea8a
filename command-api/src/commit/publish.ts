import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { currentTraceparent, SPANS, withSpan } from '@zameni/runtime';
import type { Cause } from './event-messages.ts';

/** The cause of a command before its records have a trace. */
export type UntracedCause = Omit<Cause, 'traceparent'>;

const ATTRIBUTES = {
  'messaging.system': 'nats',
  'messaging.destination.name': ACCOUNTS_STREAM.name,
  'messaging.operation.name': 'publish',
  'messaging.operation.type': 'send',
} as const;

/**
 * Runs a command that appends records. Its span is the producer of the records: they carry its
 * trace context, so that their readers continue it.
 */
export function publish<T, Of extends UntracedCause>(
  cause: Of,
  command: (cause: Of & Cause) => Promise<T>,
  parent?: null,
): Promise<T> {
  const options = { attributes: ATTRIBUTES, ...(parent === null ? { parent } : {}) };
  return withSpan(SPANS.publish, options, () =>
    command({ ...cause, traceparent: currentTraceparent() }),
  );
}
