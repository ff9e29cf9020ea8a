import type { Message } from './message.ts';

/** The columns of a mail that is taken. */
export type MessageRow = {
  readonly id: string;
  readonly cause: Message['cause'];
  readonly position: string;
  readonly user_id: string | null;
  readonly attempt_id: string | null;
  readonly recipient: string;
  readonly mailbox: string | null;
  readonly takes: number;
  readonly tries: number;
  readonly repeats: number;
  readonly merged: number;
  readonly merged_traceparents: readonly string[];
  readonly record_at: Date | null;
  readonly traceparent: string | null;
  readonly created_at: Date;
};

/** Returns a mail as it is sent. */
export function toMessage(row: MessageRow): Message {
  return {
    id: Number(row.id),
    cause: row.cause,
    position: Number(row.position),
    userId: row.user_id,
    attemptId: row.attempt_id,
    recipient: row.recipient,
    mailbox: row.mailbox,
    takes: row.takes,
    tries: row.tries,
    repeats: row.repeats,
    merged: row.merged,
    mergedTraceparents: row.merged_traceparents,
    recordAt: row.record_at,
    traceparent: row.traceparent,
    createdAt: row.created_at,
  };
}
