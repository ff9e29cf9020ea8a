/**
 * Why a record cannot be projected.
 *
 * - `newer`: a later version wrote the record. That version can apply it.
 * - `undecodable`: the record has no form that this version knows.
 * - `key-missing`: the log has no key of the person, although they were not erased.
 * - `key-unusable`: the key cannot be unwrapped.
 * - `undecryptable`: the key does not open the event.
 */
export type PoisonReason =
  | 'newer'
  | 'undecodable'
  | 'key-missing'
  | 'key-unusable'
  | 'undecryptable';

/** The facts about a poison record that may be reported. Its content is not among them. */
export type PoisonRecord = {
  readonly reason: PoisonReason;
  readonly position: number;
  readonly subject: string;
  readonly eventId?: string;
};

/**
 * A record that cannot be projected. It parks its subject. It has no cause on purpose: the message of a failed parse
 * quotes its input, which may be personal data.
 */
export class PoisonRecordError extends Error {
  override readonly name = 'PoisonRecordError';
  readonly record: PoisonRecord;

  constructor(record: PoisonRecord) {
    super(`the record at position ${record.position} cannot be projected: ${record.reason}`);
    this.record = record;
  }
}
