import type { Positions, ViewKind } from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ReadView, ViewAnswer } from '../stores/view-reader.ts';
import { parseReadDemand } from './read-demand.ts';

/** What reading a view for a request needs. */
export type ReadDeps = { readonly readView: ReadView; readonly positions: Positions };

/**
 * Reads a view as fresh as the request asks and sets the headers that every answer carries, also the
 * one that nothing was found: `Position`, `Age`, `Preference-Applied`, `Vary`, and a `Cache-Control`
 * by which nobody else's cache keeps it and a client's own asks again before using it.
 */
export async function readWithHeaders(
  { readView, positions }: ReadDeps,
  { kind, id }: { readonly kind: ViewKind; readonly id: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ViewAnswer> {
  const { minPosition, waitSeconds, applied } = parseReadDemand(request.headers, positions);
  reply.header('Cache-Control', 'private, no-cache').header('Vary', 'Authorization');
  if (applied !== undefined) reply.header('Preference-Applied', applied);
  const { signal } = request;
  const answer = await readView({ kind, id, minPosition, waitMs: waitSeconds * 1_000, signal });
  reply.header('Position', positions.seal(answer.position));
  if (answer.ageMs !== undefined) reply.header('Age', String(Math.floor(answer.ageMs / 1_000)));
  return answer;
}
