/**
 * Why a record cannot be projected. `undecodable`: not an event this version knows. `key-missing`:
 * the person's key is not in the log, though she was not erased. `key-unusable`: it cannot be
 * unwrapped. `undecryptable`: it does not open the event.
 */
export type PoisonReason = 'undecodable' | 'key-missing' | 'key-unusable' | 'undecryptable';

/** What may be told of a record that cannot be projected: nothing of its content. */
export type PoisonEvent = {
  readonly reason: PoisonReason;
  readonly position: number;
  readonly userId: string;
  readonly eventId?: string;
};

/**
 * A record that stops the projection. It carries no cause on purpose: the message of a failed parse
 * quotes what it read, and that may be a person's data.
 */
export class PoisonEventError extends Error {
  override readonly name = 'PoisonEventError';
  readonly event: PoisonEvent;

  constructor(event: PoisonEvent) {
    super(`the event at position ${event.position} cannot be projected: ${event.reason}`);
    this.event = event;
  }
}
