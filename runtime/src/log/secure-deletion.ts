import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { EventLog } from './event-log.ts';

/** Deletes records from the log, so that its bytes are gone from the stream's files. */
export type SecureDeletion = {
  /**
   * Deletes every message of one exact subject up to and including a position, oldest first; answers
   * how many it deleted. What is gone already is fine, so it can be repeated at any time.
   */
  readonly deleteUpTo: (subject: string, upTo: number, signal: AbortSignal) => Promise<number>;
};

/** What deleting needs: a connection that may delete (user `eraser`), and the log read with it. */
export type SecureDeletionDeps = {
  readonly nc: NatsConnection;
  readonly log: Pick<EventLog, 'readFirst'>;
};

/** Which stream, as which NATS user, and how long the deletion of one subject may take. */
export type SecureDeletionOptions = {
  readonly stream: string;
  readonly user: string;
  readonly deadlineMs?: number;
};

/** A message that is still there though the log was told to delete it. */
class SecureDeletionError extends Error {
  override readonly name = 'SecureDeletionError';
}

/** Milliseconds for one request to the log. */
const REQUEST_DEADLINE_MS = 3_000;

/** Milliseconds for all messages of one subject; what is left is deleted at the next try. */
const DEADLINE_MS = 30_000;

/** Tries to delete one message before it counts as a fault. */
const MAX_TRIES = 3;

const DeleteReply = Compile(
  Type.Object({
    success: Type.Optional(Type.Boolean()),
    error: Type.Optional(Type.Object({ err_code: Type.Optional(Type.Integer()) })),
  }),
);

/**
 * Deletes from the log. Oldest first, because the last message of a subject counts: to delete a
 * release before the claim it releases would bring the claim back. A reply alone is not believed: the
 * server says of a message that is gone already that deleting it failed (10057), so the leader is
 * asked for the first message again after each deletion.
 */
export function createSecureDeletion(
  { nc, log }: SecureDeletionDeps,
  { stream, user, deadlineMs = DEADLINE_MS }: SecureDeletionOptions,
): SecureDeletion {
  const api = `${apiPrefix(user)}.STREAM.MSG.DELETE.${stream}`;
  return {
    deleteUpTo: async (subject, upTo, signal) => {
      // A wildcard would read others' messages, which are then deleted.
      if (/[*>]/.test(subject)) throw new RangeError('a deletion takes one exact subject');
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const deleted = new Set<number>();
      let tries = 0;
      for (;;) {
        bounded.throwIfAborted();
        const first = await log.readFirst(subject, bounded);
        if (first === undefined || first.position > upTo) return deleted.size;
        tries = deleted.has(first.position) ? tries + 1 : 0;
        if (tries === MAX_TRIES) {
          throw new SecureDeletionError(`the message at ${first.position} is still there`);
        }
        await eraseMessage(nc, api, first.position);
        deleted.add(first.position);
      }
    },
  };
}

/** Asks the leader to overwrite a message and to delete it; whether it did is read afterwards. */
async function eraseMessage(nc: NatsConnection, api: string, position: number): Promise<void> {
  const request = JSON.stringify({ seq: position, no_erase: false });
  const reply = await nc.request(api, request, {
    timeout: REQUEST_DEADLINE_MS,
  });
  if (!DeleteReply.Check(reply.json())) throw new Error('a reply to a deletion is not of our form');
}
