import { MailerStatus } from '@zameni/contracts';
import {
  createHttpApp,
  type EventLog,
  type HealthChecks,
  type KeyRings,
  type Logger,
  type LogRequests,
  type SecurityWatch,
  Fault,
} from '@zameni/runtime';
import { isHealthy, type WorkStatus } from '../../lease/status.ts';
import { orNull } from '../../operator/or-null.ts';
import { addMessageRoutes, type MessageRoutesDeps } from './message-routes.ts';

/** Dependencies of the operator's port of a mailer. */
export type MailerAppOptions = {
  readonly logger: Logger;
  readonly logRequests?: LogRequests;
  readonly security?: SecurityWatch;
  readonly log: Pick<EventLog, 'head'>;
  readonly status: () => WorkStatus;
  readonly messages: MessageRoutesDeps;
  readonly keyRings?: KeyRings;
  readonly checks: HealthChecks;
  readonly degradedChecks?: HealthChecks;
};

/**
 * Creates the mailer's operator port, for internal use only: `/livez`, `/readyz`, `/key-rings`,
 * `/status` and, for callers with a token, `/v1/messages`. A mail server that is away does not make
 * the process unready: mails wait for it.
 */
export function createMailerApp(options: MailerAppOptions): ReturnType<typeof createHttpApp> {
  const { logger, log, status, messages, keyRings = {}, degradedChecks = {} } = options;
  const app = createHttpApp({
    logger,
    logRequests: options.logRequests,
    security: options.security,
    keyRings,
    degradedChecks,
    checks: {
      ...options.checks,
      mailer: async () => {
        if (!isHealthy(status())) throw new Fault('the mailer is stalled or not yet started');
      },
    },
  });
  app.get('/status', { schema: { response: { 200: MailerStatus } } }, async (request) => {
    const [head, mails] = await Promise.all([
      orNull(log.head(request.signal)),
      orNull(messages.store.count()),
    ]);
    return { ...toProgress(status(), head), mails };
  });
  addMessageRoutes(app, messages);
  return app;
}

function toProgress(status: WorkStatus, head: number | null): Omit<MailerStatus, 'mails'> {
  return {
    role: status.state,
    // It is -1 until the mailer has begun.
    position: Math.max(0, status.position),
    head,
    lag: head === null ? null : Math.max(0, head - status.position),
    ...(status.state === 'stalled' ? { reason: status.reason } : {}),
  };
}
