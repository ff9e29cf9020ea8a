/**
 * Why a record cannot be projected. `undecodable`: not a record this version knows. `key-missing`:
 * the person's key is not in the log, though they were not erased. `key-unusable`: it cannot be
 * unwrapped. `undecryptable`: it does not open the event.
 */
export type PoisonReason = 'undecodable' | 'key-missing' | 'key-unusable' | 'undecryptable';

/** What may be told of a record that cannot be projected: nothing of its content. */
export type PoisonRecord = {
  readonly reason: PoisonReason;
  readonly position: number;
  readonly subject: string;
  readonly eventId?: string;
};

/**
 * A record that stops the projection. It carries no cause on purpose: the message of a failed parse
 * quotes what it read, and that may be personal data.
 */
export class PoisonRecordError extends Error {
  override readonly name = 'PoisonRecordError';
  readonly record: PoisonRecord;

  constructor(record: PoisonRecord) {
    super(`the record at position ${record.position} cannot be projected: ${record.reason}`);
    this.record = record;
  }
}
