import {
  LEDGER_PAGE,
  LedgerMessage,
  LedgerMessages,
  MessageFilter,
  RedriveMessages,
  RedrivenMessages,
} from '@zameni/contracts';
import { AppError, type createHttpApp, traceIdOf } from '@zameni/runtime';
import {
  actorIn,
  allowChange,
  allowRead,
  type OperatorAccess,
  type OperatorReply,
  type OperatorRequest,
} from '../../operator/operator-access.ts';
import type { MessageStore } from './message-store.ts';

/** What the routes need. */
export type MessageRoutesDeps = OperatorAccess & {
  readonly store: MessageStore;
  /** Called when mails wait for a try now, in case this process is the one that sends. */
  readonly wake: () => void;
};

/** What a redrive did, as the log line says. */
type Redriven = {
  readonly mails: number;
  readonly mail?: number;
  readonly reason?: string | undefined;
};

type OneId = { Params: { id: string } };

/**
 * The routes about mails. Reading takes scope `ops:read`, redriving `ops:write`. The active mailer
 * sends what waits, so a redrive is answered 202. It never sends a mail that was sent.
 */
export function addMessageRoutes(
  app: ReturnType<typeof createHttpApp>,
  { store, wake, ...access }: MessageRoutesDeps,
): void {
  /** Makes a redrive, and notes who made it. */
  async function redrive<Answer>(
    request: OperatorRequest,
    reply: OperatorReply,
    work: () => Promise<{ readonly answer: Answer; readonly fact: Redriven }>,
  ): Promise<Answer> {
    const actor = actorIn(request);
    const { answer, fact } = await work();
    wake();
    const who = { actor, traceId: traceIdOf(request) };
    access.logger.warn({ ...fact, ...who }, 'operator redrove mails');
    reply.code(202).header('Cache-Control', 'no-store');
    return answer;
  }

  app.get<{ Querystring: MessageFilter }>(
    '/v1/messages',
    {
      schema: { querystring: MessageFilter, response: { 200: LedgerMessages } },
      ...allowRead(access),
    },
    async (request, reply) => {
      const { query } = request;
      reply.header('Cache-Control', 'no-store');
      return store.list({ ...query, limit: Number(query.limit ?? LEDGER_PAGE) });
    },
  );

  app.get<OneId>(
    '/v1/messages/:id',
    { schema: { response: { 200: LedgerMessage } }, ...allowRead(access) },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return store.find(toId(request.params.id));
    },
  );

  app.post<OneId>(
    '/v1/messages/:id/redrives',
    { schema: { response: { 202: LedgerMessage } }, ...allowChange(access) },
    async (request, reply) =>
      redrive(request, reply, async () => {
        const answer = await store.redrive(toId(request.params.id));
        return { answer, fact: { mails: 1, mail: answer.id } };
      }),
  );

  app.post<{ Body: RedriveMessages }>(
    '/v1/messages/redrives',
    {
      schema: { body: RedriveMessages, response: { 202: RedrivenMessages } },
      ...allowChange(access),
    },
    async (request, reply) =>
      redrive(request, reply, async () => {
        const answer = await store.redriveAll(request.body);
        return { answer, fact: { mails: answer.redriven, reason: request.body.reason } };
      }),
  );
}

function toId(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new AppError('not-found');
  return Number(text);
}
