import { randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { LogRecord, ReadOptions } from './event-log.ts';
import { startPull } from './pull.ts';

export { LogReadError } from './pull.ts';

/** Milliseconds after which the server deletes a consumer that gets no requests. */
const INACTIVE_MS = 30_000;

/** What a reader reads from. */
export type ReaderConnection = {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** First part of the subjects of JetStream's API for this user. */
  readonly api: string;
  readonly stream: string;
  /** The subject on which records arrive. */
  readonly inbox: string;
};

/**
 * Yields records in the order of the log, in batches, until the signal aborts. It reads through an
 * ephemeral pull consumer without acknowledgements. Throws LogReadError if a record may be missing.
 * The library's own consumer requests records however slow its reader is; the pull bounds its
 * buffer instead.
 */
export async function* readBatches(
  { nc, jsm, api, stream, inbox }: ReaderConnection,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  // The name of a consumer is enough to pull from it, so the name must not be guessable.
  const name = `reader-${randomUUID()}`;
  await jsm.consumers.add(stream, {
    name,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: options.after + 1,
    ...toFilter(options.filters),
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(INACTIVE_MS),
  });
  const pull = startPull({
    nc,
    requestSubject: `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
    inbox,
    maxRecords: options.maxRecords,
    maxBytes: options.maxBytes,
    signal,
  });
  try {
    while (!signal.aborted) {
      const batch = await pull.next();
      if (batch.length > 0) yield batch;
    }
  } finally {
    pull[Symbol.dispose]();
    // Best effort: the server deletes the consumer itself after INACTIVE_MS.
    await jsm.consumers.delete(stream, name).catch(() => false);
  }
}

/** A single filter becomes part of the request's subject, where permissions can check it. */
function toFilter([first, ...others]: readonly string[]) {
  if (first === undefined) return {};
  return others.length === 0 ? { filter_subject: first } : { filter_subjects: [first, ...others] };
}
