import {
  AcceptRebuild,
  READ_MODELS,
  ReadModelsVersion,
  ReadModelsVersions,
  StartRebuild,
} from '@zameni/contracts';
import { AppError, type createHttpApp, traceIdOf } from '@zameni/runtime';
import {
  actorIn,
  allowChange,
  allowRead,
  type OperatorAccess,
  type OperatorReply,
  type OperatorRequest,
} from './operator-access.ts';
import type { ReadModelsStore } from './read-models-store.ts';

/** What the routes need. */
export type ReadModelsRoutesDeps = OperatorAccess & {
  readonly store: ReadModelsStore;
  /** The head of the log; null if it is unknown. */
  readonly head: (signal: AbortSignal) => Promise<number | null>;
};

type OneVersion = { Params: { version: string } };

/**
 * The routes about versions of the read models. Reading takes scope `ops:read`, changing
 * `ops:write`. A rebuild goes by itself; a change is answered 202 with the version.
 */
export function addReadModelsRoutes(
  app: ReturnType<typeof createHttpApp>,
  { store, head, ...access }: ReadModelsRoutesDeps,
): void {
  /** Makes a change, and notes who made it. */
  async function change(
    request: OperatorRequest,
    reply: OperatorReply,
    work: (actor: string) => Promise<ReadModelsVersion>,
  ): Promise<ReadModelsVersion> {
    const actor = actorIn(request);
    const version = await work(actor);
    const fact = { version: version.version, state: version.state, actor };
    const traceId = traceIdOf(request);
    access.logger.warn({ ...fact, traceId }, 'operator changed the read models');
    reply.code(202).header('Cache-Control', 'no-store');
    return version;
  }

  app.get(
    '/v1/read-models',
    { schema: { response: { 200: ReadModelsVersions } }, ...allowRead(access) },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      const versions = await store.list();
      return { head: await head(request.signal), versions: [...versions] };
    },
  );

  const changed = { response: { 202: ReadModelsVersion } };
  const allowed = allowChange(access);
  app.post<{ Body: StartRebuild }>(
    '/v1/read-models',
    { schema: { body: StartRebuild, ...changed }, ...allowed },
    async (request, reply) => {
      const { readModels = READ_MODELS } = request.body;
      return change(request, reply, () => store.start(readModels));
    },
  );
  app.post<OneVersion & { Body: AcceptRebuild }>(
    '/v1/read-models/:version/acceptances',
    { schema: { body: AcceptRebuild, ...changed }, ...allowed },
    async (request, reply) => {
      const { reason } = request.body;
      return change(request, reply, (actor) =>
        store.accept(toVersion(request.params.version), { reason, actor }),
      );
    },
  );
  app.post<OneVersion>(
    '/v1/read-models/:version/switches',
    { schema: changed, ...allowed },
    async (request, reply) =>
      change(request, reply, () => store.switchTo(toVersion(request.params.version))),
  );
  app.delete<OneVersion>(
    '/v1/read-models/:version',
    { schema: changed, ...allowed },
    async (request, reply) =>
      change(request, reply, () => store.drop(toVersion(request.params.version))),
  );
}

function toVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new AppError('not-found');
  return Number(text);
}
