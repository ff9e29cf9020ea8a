import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isAbsent } from './absence.ts';
import type { EventLog } from './event-log.ts';
import { Fault } from '../errors.ts';

/** Deletes records from the log, so that their bytes are gone from the stream's files. */
export type SecureDeletion = {
  /**
   * Deletes every message of one exact subject up to and including a position, oldest first.
   * Returns how many it deleted. It can be repeated: deleted messages are no error. A server that
   * says that nothing is left is believed if it has reached the position `known`, by default `upTo`.
   */
  readonly deleteUpTo: (
    subject: string,
    upTo: number,
    signal: AbortSignal,
    known?: number,
  ) => Promise<number>;
};

/** A connection that may delete (user `eraser`), and the log to read with it. */
export type SecureDeletionDeps = {
  readonly nc: NatsConnection;
  readonly log: Pick<EventLog, 'readFirst' | 'countRecords'>;
};

/** The stream, the NATS user, and the time limit for the deletion of one subject. */
export type SecureDeletionOptions = {
  readonly stream: string;
  readonly user: string;
  readonly deadlineMs?: number;
};

/** A message is still in the log after its deletion. */
class SecureDeletionError extends Error {
  override readonly name = 'SecureDeletionError';
}

/** Milliseconds for one request to the log. */
const REQUEST_DEADLINE_MS = 3_000;

/** Milliseconds for all messages of one subject. The next try deletes the rest. */
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
 * Deletes from the log, oldest first, because the last message of a subject counts: without a
 * claim's release, the claim would be held again. The reply alone is not trusted. For a message
 * that is already gone the server reports a failure (10057). So the leader is asked for the first
 * message again after each deletion. A first message behind `upTo` shows that its server has come
 * that far; that there is none is proved.
 */
export function createSecureDeletion(
  { nc, log }: SecureDeletionDeps,
  { stream, user, deadlineMs = DEADLINE_MS }: SecureDeletionOptions,
): SecureDeletion {
  const api = `${apiPrefix(user)}.STREAM.MSG.DELETE.${stream}`;
  return {
    deleteUpTo: async (subject, upTo, signal, known = upTo) => {
      // A wildcard would match other subjects, whose messages would be deleted.
      if (/[*>]/.test(subject)) throw new RangeError('a deletion takes one exact subject');
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const deleted = new Set<number>();
      let tries = 0;
      for (;;) {
        bounded.throwIfAborted();
        const first = await log.readFirst(subject, bounded);
        if (first !== undefined && first.position > upTo) return deleted.size;
        if (first === undefined && (await isAbsent(log, { subject, known }, bounded))) {
          return deleted.size;
        }
        tries = first === undefined || deleted.has(first.position) ? tries + 1 : 0;
        if (tries === MAX_TRIES) {
          const which = first === undefined ? 'a message' : `the message at ${first.position}`;
          throw new SecureDeletionError(`${which} is still there`);
        }
        if (first === undefined) continue;
        await eraseMessage(nc, api, first.position);
        deleted.add(first.position);
      }
    },
  };
}

/** Requests the deletion and overwriting of a message. The caller reads the result from the log. */
async function eraseMessage(nc: NatsConnection, api: string, position: number): Promise<void> {
  const request = JSON.stringify({ seq: position, no_erase: false });
  const reply = await nc.request(api, request, {
    timeout: REQUEST_DEADLINE_MS,
  });
  if (!DeleteReply.Check(reply.json())) throw new Fault('a reply to a deletion is not of our form');
}
