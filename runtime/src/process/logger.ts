import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names of fields that may carry secrets or personal data: their values never reach a log. */
export const REDACTED_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'email',
  'displayName',
  'profile',
  'personal',
  'body',
] as const;

/** What a logger says of itself in every line. */
export type LoggerOptions = {
  readonly service: string;
  readonly instance: string;
  readonly level: string;
};

/** A logger of JSON lines on standard output, its sensitive fields redacted two levels deep. */
export function createLogger({ service, instance, level }: LoggerOptions): Logger {
  return pino({
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: REDACTED_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[redacted]',
    },
    serializers: { error: serializeError },
  });
}

/**
 * An error as log fields. Postgres puts row values into `detail`, `where` and, for some codes, the
 * message; so of an error that carries an SQLSTATE only the code and names are logged.
 */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const isSql = code !== undefined && 'severity' in error;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: isSql ? `SQLSTATE ${code}` : error.message,
    ...(isSql ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth > 4
      ? {}
      : { cause: serializeError(error.cause, depth + 1) }),
  };
}
