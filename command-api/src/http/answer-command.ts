import {
  DEADLINES,
  type NoteWait,
  noteWaits,
  parsePreferWait,
  type Positions,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Dependencies of answering a command. */
export type AnswerDeps = {
  readonly positions: Positions;
  /** Whether a position became readable within the time. */
  readonly untilReadable: (wait: {
    readonly position: number;
    readonly waitMs: number;
    readonly signal: AbortSignal;
    readonly noteWait: NoteWait;
  }) => Promise<boolean>;
};

/**
 * Sets the headers of every answer to a command, after a wait of up to `Prefer: wait=N`.
 * `Preference-Applied` means that the read model has passed the outcome; without it, that is unknown. The
 * time that the command itself took shortens the longest wait.
 */
export async function answerCommand(
  { positions, untilReadable }: AnswerDeps,
  {
    request,
    reply,
    position,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly position: number },
): Promise<void> {
  reply.header('Position', positions.seal(position)).header('Cache-Control', 'no-store');
  const prefer = request.headers['prefer'];
  const seconds = parsePreferWait(Array.isArray(prefer) ? prefer.join(', ') : prefer);
  if (seconds === undefined || seconds === 0) return;
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  // The response's close, because the request closes as soon as its body has been read.
  reply.raw.once('close', leave);
  const leftMs = Math.max(0, DEADLINES.answer - reply.elapsedTime);
  const wait = {
    position,
    waitMs: Math.min(seconds * 1_000, leftMs),
    signal: leaving.signal,
    noteWait: noteWaits(request),
  };
  try {
    if (await untilReadable(wait)) reply.header('Preference-Applied', `wait=${seconds}`);
  } finally {
    reply.raw.off('close', leave);
  }
}
