import { setTimeout as delay } from 'node:timers/promises';
import { type Static, type TObject, Type } from 'typebox';
import { withDeadline } from '../async/retry.ts';
import { coerceError, Fault } from '../errors.ts';
import { ConfigError, loadConfig } from './config.ts';
import { assertDeadlines, DEADLINES } from './deadlines.ts';
import { createLogger, type Logger } from './logger.ts';
import { createSecurityLog } from '../security/security-log.ts';
import { type TelemetryConfig, telemetryVariables } from '../telemetry/config.ts';
import { startTelemetry } from '../telemetry/start.ts';

/** Exit status for faults in the configuration (sysexits.h, EX_CONFIG). */
export const EXIT_CONFIG = 78;

/** What a service gets at its start. */
export type ServiceContext<Config> = {
  readonly config: Config;
  readonly logger: Logger;
  /** The security log, for what callers do to others. */
  readonly securityLog: Logger;
  /** Resources to release when the service stops, in reverse order. */
  readonly resources: AsyncDisposableStack;
  /** Aborts at the first SIGTERM or SIGINT. Requests are still welcome for `DEADLINES.leave`. */
  readonly leaving: AbortSignal;
  /** Aborts after that, before anything is released. */
  readonly signal: AbortSignal;
  /** Stops the service with exit status 1. */
  readonly fail: (error: unknown) => void;
};

/** A service: its name, the schema of its environment, and how it starts. */
export type Service<T extends TObject> = {
  readonly name: string;
  readonly schema: T;
  /** Whether a gateway must see that it is not ready before it closes. */
  readonly isBehindGateway?: boolean;
  readonly start: (context: ServiceContext<Static<T>>) => Promise<void>;
};

/**
 * Runs a service as this process. States: starting → running → leaving → draining → ended. After the
 * first signal a service behind a gateway answers until it gets no more requests. A failure starts
 * the drain at once. A process that hangs is the worse failure, so the drain has a
 * deadline. Exit status: 0 after a signal and a complete drain, 1 after a failure, EXIT_CONFIG for
 * a wrong environment.
 */
export async function runService<T extends TObject>(service: Service<T>): Promise<void> {
  assertDeadlines();
  const { config, telemetryConfig } = loadConfigOrExit(service.schema);
  const settings = config as {
    ZAMENI_INSTANCE?: string;
    ZAMENI_LOG_LEVEL?: string;
    ZAMENI_SECURITY_LOG?: string;
  };
  const instance = settings.ZAMENI_INSTANCE ?? service.name;
  const logger = createLogger({
    service: service.name,
    instance,
    level: settings.ZAMENI_LOG_LEVEL ?? 'info',
  });
  const leaving = new AbortController();
  const stopping = new AbortController();
  const resources = new AsyncDisposableStack();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let hasFailed = false;
  const fail = (error: unknown) => {
    hasFailed = true;
    logger.fatal({ error: coerceError(error) }, 'service failed');
    end(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      logger.info({ signal: name }, 'draining');
      end(0);
    });
  }
  let telemetry: AsyncDisposable | undefined;
  const start = async () => {
    // Before the service: instruments belong to the SDK that they meet first.
    telemetry = await startTelemetry(telemetryConfig, { service: service.name, instance, logger });
    const target = settings.ZAMENI_SECURITY_LOG ?? 'stdout';
    const securityLog = createSecurityLog({ target, service: service.name, instance, logger });
    await service.start({
      config,
      logger,
      securityLog,
      resources,
      leaving: leaving.signal,
      signal: stopping.signal,
      fail,
    });
  };
  const started = start().catch(fail);
  const status = await ended;
  leaving.abort(new Fault(`${service.name} is leaving`));
  if (service.isBehindGateway === true && status === 0) await delay(DEADLINES.leave);
  stopping.abort(new Fault(`${service.name} is stopping`));
  const drained = await drain(resources, started, status, logger);
  process.exitCode = hasFailed ? 1 : drained;
  await telemetry?.[Symbol.asyncDispose]();
  logger.info({ exitStatus: process.exitCode }, 'stopped');
  logger.flush();
  process.exit();
}

/** Loads the variables of the service and of telemetry, so that all faults are listed at once. */
function loadConfigOrExit<T extends TObject>(
  schema: T,
): { config: Static<T>; telemetryConfig: TelemetryConfig } {
  try {
    const both = Type.Object({ ...schema.properties, ...telemetryVariables });
    const config: unknown = loadConfig(both, process.env);
    // Each value was checked against the property of its schema.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { config: config as Static<T>, telemetryConfig: config as TelemetryConfig };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

async function drain(
  resources: AsyncDisposableStack,
  started: Promise<void>,
  status: number,
  logger: Logger,
): Promise<number> {
  const release = async () => {
    await started;
    await resources.disposeAsync();
  };
  try {
    await withDeadline(release(), DEADLINES.drain, () => new Fault('drain deadline exceeded'));
    return status;
  } catch (error) {
    logger.error({ error: coerceError(error) }, 'drain failed');
    return 1;
  }
}
