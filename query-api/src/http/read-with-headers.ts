import {
  AppError,
  noteWaits,
  parsePreferWait,
  type Positions,
  type ViewKind,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ReadView, ViewAnswer } from '../views/reader.ts';

/** What reading a view for a request needs. */
export type ReadDeps = { readonly readView: ReadView; readonly positions: Positions };

/**
 * Reads a view as fresh as the request demands and sets the headers of every answer, also of "not
 * found": `Position`, `Age`, `Account-Parked`, `Preference-Applied`, `Vary` and `Cache-Control`. No
 * shared cache stores the answer, and a client's cache revalidates it. Throws `malformed-header` for a `Min-Position`
 * that is not one of our positions, and the errors of `readView`.
 */
export async function readWithHeaders(
  { readView, positions }: ReadDeps,
  { kind, id }: { readonly kind: ViewKind; readonly id: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ViewAnswer> {
  const { minPosition, waitSeconds } = parseReadDemand(request.headers, positions);
  reply.header('Cache-Control', 'private, no-cache').header('Vary', 'Authorization');
  if (waitSeconds !== undefined) reply.header('Preference-Applied', `wait=${waitSeconds}`);
  const waitMs = (waitSeconds ?? 0) * 1_000;
  const { signal } = request;
  const noteWait = noteWaits(request);
  const answer = await readView({ kind, id, minPosition, waitMs, signal, noteWait });
  reply.header('Position', positions.seal(answer.position));
  if (answer.parkedAt !== undefined) reply.header('Account-Parked', 'true');
  if (answer.ageMs !== undefined) reply.header('Age', String(Math.floor(answer.ageMs / 1_000)));
  return answer;
}

/** How fresh the answer must be, and how long to wait for it; undefined if not demanded. */
export type ReadDemand = {
  readonly minPosition: number | undefined;
  readonly waitSeconds: number | undefined;
};

/**
 * Reads `Min-Position` and `Prefer`. Throws `malformed-header` for a position that is not ours, and
 * `position-unknown` for one of another incarnation of the log.
 */
export function parseReadDemand(
  headers: FastifyRequest['headers'],
  positions: Pick<Positions, 'open' | 'isOfOtherIncarnation'>,
): ReadDemand {
  const token = toText(headers['min-position']);
  if (token === undefined) return { minPosition: undefined, waitSeconds: undefined };
  const minPosition = positions.open(token);
  if (minPosition === undefined) {
    if (positions.isOfOtherIncarnation(token)) throw new AppError('position-unknown');
    const detail = 'Min-Position must be a Position that this service or a command gave';
    throw new AppError('malformed-header', { detail });
  }
  return { minPosition, waitSeconds: parsePreferWait(toText(headers['prefer'])) };
}

function toText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
