import {
  DiscardParked,
  PARKED_PAGE,
  ParkedFilter,
  type ParkedSubject,
  ParkedSubjects,
  parseUserId,
} from '@zameni/contracts';
import { AppError, type createHttpApp, traceIdOf } from '@zameni/runtime';
import { actorIn, allowChange, allowRead, type OperatorAccess } from './operator-access.ts';
import type { OperatorStore } from './parked-store.ts';

/** What the routes need. */
export type ParkedRoutesDeps = OperatorAccess & { readonly store: OperatorStore };

type OneId = { Params: { id: string } };

/**
 * The routes about parked subjects. Reading takes scope `ops:read`, changing `ops:write`. A change
 * is a request that the active projector works off, so it is answered 202.
 */
export function addParkedRoutes(
  app: ReturnType<typeof createHttpApp>,
  { store, ...access }: ParkedRoutesDeps,
): void {
  app.get<{ Querystring: ParkedFilter }>(
    '/v1/parked',
    {
      schema: { querystring: ParkedFilter, response: { 200: ParkedSubjects } },
      ...allowRead(access),
    },
    async (request, reply) => {
      const { query } = request;
      const { limit, id, ...filter } = query;
      reply.header('Cache-Control', 'no-store');
      return store.list({
        ...filter,
        id: id === undefined ? undefined : toId(id),
        limit: Number(limit ?? PARKED_PAGE),
      });
    },
  );

  app.get<OneId>(
    '/v1/parked/:id',
    { schema: { response: { 200: ParkedSubjects } }, ...allowRead(access) },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return orNotFound(await store.find(toId(request.params.id)));
    },
  );

  app.post<OneId>(
    '/v1/parked/:id/redrives',
    { schema: { response: { 202: ParkedSubjects } }, ...allowChange(access) },
    async (request, reply) => {
      const requested = orNotFound(await store.requestRedrive(toId(request.params.id)));
      return reply.code(202).header('Cache-Control', 'no-store').send(requested);
    },
  );

  app.post<OneId & { Body: DiscardParked }>(
    '/v1/parked/:id/discards',
    { schema: { body: DiscardParked, response: { 202: ParkedSubjects } }, ...allowChange(access) },
    async (request, reply) => {
      const actor = actorIn(request);
      const id = toId(request.params.id);
      const { position, reason } = request.body;
      const discarded = await store.discard({ id, position, reason, actor });
      if (discarded.length === 0) {
        orNotFound(await store.find(id));
        throw new AppError('park-changed');
      }
      const fact = { subject: discarded[0]?.subject, position, reason, actor };
      access.logger.warn({ ...fact, traceId: traceIdOf(request) }, 'operator discarded a record');
      return reply.code(202).header('Cache-Control', 'no-store').send(toAnswer(discarded));
    },
  );
}

/** Subjects hold UUIDs in lower case. Any other id is taken as it is. */
function toId(text: string): string {
  return parseUserId(text) ?? text;
}

function orNotFound(parked: readonly ParkedSubject[]): ParkedSubjects {
  if (parked.length === 0)
    throw new AppError('not-found', { detail: 'Nothing like that is parked' });
  return toAnswer(parked);
}

function toAnswer(parked: readonly ParkedSubject[]): ParkedSubjects {
  return { parked: [...parked], next: null };
}
