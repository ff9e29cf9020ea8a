import { ACCOUNTS_STREAM, subjects } from '@zameni/contracts';
import {
  AppError,
  connectNatsAnywhere,
  type CopyStates,
  createBackoff,
  createTrustedLog,
  delay,
  type EventLog,
  type Logger,
  type NatsConnection,
  type NatsOptions,
  type TrustedLog,
} from '@zameni/runtime';

/** Whether the log has a record of this registration. Throws `log-unavailable`. */
export type IsInLog = (registrationId: string, signal: AbortSignal) => Promise<boolean>;

/** The event log as the last place to find a registration, and its head. */
export type LogLookup = AsyncDisposable & {
  readonly isInLog: IsInLog;
  /** The position of the last record of the log. Throws `log-unavailable`. */
  readonly readHead: (signal: AbortSignal) => Promise<number>;
  /** The incarnation of the log. Throws `log-unavailable`. */
  readonly readIncarnation: (signal: AbortSignal) => Promise<number | undefined>;
};

/** The log's servers, and the signal that ends connecting. */
export type LogLookupOptions = {
  readonly nats: NatsOptions;
  /** What the auditor says of the log's servers. */
  readonly readStates: () => Promise<CopyStates>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

const CONNECT_BACKOFF = { baseMs: 250, maxMs: 5_000 };

/**
 * Connects to the log in the background. Most answers do not need it, so the service starts without
 * it. Questions that only the log can answer throw `log-unavailable` until it is connected.
 */
export function createLogLookup({ nats, readStates, logger, signal }: LogLookupOptions): LogLookup {
  let connection: NatsConnection | undefined;
  let log: EventLog | undefined;
  let trusted: TrustedLog | undefined;
  const connecting = connect();

  async function connect(): Promise<void> {
    const backoff = createBackoff(CONNECT_BACKOFF);
    while (!signal.aborted && log === undefined) {
      try {
        connection ??= await connectNatsAnywhere(nats, ACCOUNTS_STREAM.name);
        trusted = await createTrustedLog(connection, {
          stream: ACCOUNTS_STREAM.name,
          user: nats.user,
          readStates,
          logger,
        });
        log = trusted.log;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error }, 'log not reached, trying again');
        // It rejects only if the service stops, and then the loop ends.
        await delay(backoff.nextMs(), signal).catch(() => undefined);
      }
    }
  }

  async function ask<T>(question: (log: EventLog) => Promise<T>): Promise<T> {
    if (log === undefined) throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
    try {
      return await question(log);
    } catch (cause) {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    }
  }

  return {
    isInLog: (id, request) =>
      ask(async (reachable) => {
        const places = [subjects.attempt(id), subjects.account(id)];
        const found = await Promise.all(
          places.map((subject) => reachable.hasRecord(subject, request)),
        );
        return found.includes(true);
      }),
    readHead: (request) => ask((reachable) => reachable.head(request)),
    readIncarnation: (request) => ask((reachable) => reachable.incarnation(request)),
    [Symbol.asyncDispose]: async () => {
      await connecting;
      trusted?.[Symbol.dispose]();
      await connection?.close();
    },
  };
}
