import { Readable } from 'node:stream';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { MAX_IMPORT_ROWS, NDJSON_MEDIA_TYPE, OPERATIONS } from '@zameni/contracts';
import {
  AppError,
  keepOwnDeadline,
  type Positions,
  type RegistrationIds,
  readLines,
  requireScope,
  toRoute,
} from '@zameni/runtime';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RegisterDeps } from '../commands/register.ts';
import type { UntracedCause } from '../commit/publish.ts';
import { admit, calledOf, type CallerDeps } from '../http/caller.ts';
import { parseIdempotencyKey } from '../http/idempotency-key.ts';
import type { LogRoom } from '../log/room.ts';
import { isTakenIn, writeAnswer } from './answer.ts';
import { takeNdjsonOnly } from './ndjson-body.ts';
import { createRowImporter, type ImportContext, MAX_ROW_BYTES } from './row.ts';
import { type Intake, takeRows } from './rows.ts';
import { createImportSlots } from './slots.ts';
import { IMPORT_UPLOAD, readAway, readUpload, refuseDeclaredSize } from './upload.ts';

/** Dependencies of imports. */
export type ImportRoutesDeps = RegisterDeps &
  CallerDeps & {
    readonly positions: Positions;
    readonly room: LogRoom;
    readonly registrationIds: RegistrationIds;
    /** Aborts when the process stops. */
    readonly stopping: AbortSignal;
  };

/** Concurrent imports of a process. Even with all their rows, the committer has room for others. */
const MAX_IMPORTS = 2;
const ROWS_AT_ONCE = 64;

/** Milliseconds that a client has to read the answer. */
const ANSWER_DEADLINE_MS = 60_000;

/** `POST /v1/imports`: registers the rows of an upload as it arrives, and reports each outcome. */
export function addImportRoutes(app: FastifyInstance, deps: ImportRoutesDeps): void {
  const begin = createImportSlots(MAX_IMPORTS);
  app.register(async (scope) => {
    takeNdjsonOnly(scope);
    scope.withTypeProvider<TypeBoxTypeProvider>().route({
      ...toRoute(OPERATIONS.importPeople),
      onRequest: admit(deps, (caller) => requireScope(caller, 'users:import')),
      handler: async (request, reply) => {
        const { raw: upload } = request;
        const { cause } = calledOf(request);
        if (request.body === undefined) throw new AppError('unsupported-media-type');
        const key = requireKey(request.headers['idempotency-key']);
        refuseDeclaredSize(upload, IMPORT_UPLOAD.maxBytes);
        begin(reply.raw);
        keepOwnDeadline(upload, reply.raw);
        const mail = request.query.mail === 'true' ? undefined : 'none';
        const intake = await takeRows({
          lines: readLines(readUpload(upload, IMPORT_UPLOAD, deps.stopping), MAX_ROW_BYTES),
          importRow: createRowImporter(deps, toContext(deps, { cause, key, mail })),
          maxRows: MAX_IMPORT_ROWS,
          concurrency: ROWS_AT_ONCE,
        });
        if (intake.fault !== undefined) {
          readAway(upload, intake.fault);
          throw await toUploadFault(intake);
        }
        boundAnswer(reply);
        return reply
          .code(202)
          .header('Cache-Control', 'no-store')
          .type(NDJSON_MEDIA_TYPE)
          .send(Readable.from(writeAnswer(intake.rows, deps.positions)));
      },
    });
  });
}

function requireKey(header: string | string[] | undefined): string {
  const key = parseIdempotencyKey(header, false);
  if (key !== undefined) return key;
  throw new AppError('malformed-header', { detail: 'An import needs an Idempotency-Key' });
}

type Asked = {
  readonly cause: UntracedCause;
  readonly key: string;
  readonly mail: 'none' | undefined;
};

function toContext(
  {
    digests,
    registrationIds,
    stopping,
  }: Pick<ImportRoutesDeps, 'digests' | 'registrationIds' | 'stopping'>,
  { cause, key, mail }: Asked,
): ImportContext {
  const { type, id } = cause.actor;
  return {
    cause,
    // Separate from the keys of single registrations, which have no lines.
    idOf: (line) =>
      registrationIds.fromDigest(
        digests.registrationDigestOf(`import\n${type}:${id}`, `${line}\n${key}`),
      ),
    ...(mail === undefined ? {} : { mail }),
    stopping,
  };
}

/**
 * Returns the fault that ended an upload after its rows are done, with the number of accepted rows.
 */
async function toUploadFault({ rows, fault }: Intake): Promise<unknown> {
  const done = await Promise.all(rows);
  if (!(fault instanceof AppError)) return fault;
  const count = done.filter(({ row }) => isTakenIn(row)).length;
  const { code, cause, detail, retryAfterSeconds } = fault;
  return new AppError(code, {
    cause,
    detail: `${detail === undefined ? '' : `${detail}. `}Taken in before: ${count} rows`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Cuts the connection of a client that does not read its answer. */
function boundAnswer(reply: FastifyReply): void {
  const cut = setTimeout(() => reply.raw.destroy(), ANSWER_DEADLINE_MS);
  reply.raw.once('close', () => clearTimeout(cut));
}
