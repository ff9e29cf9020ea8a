import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names of fields that may carry secrets or personal data. Their values are redacted. */
const REDACTED_FIELDS = [
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

/** Fields of every line, and the lowest log level. */
export type LoggerOptions = {
  readonly service: string;
  readonly instance: string;
  readonly level: string;
};

/** A logger of JSON lines to standard output. Sensitive fields are redacted two levels deep. */
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
 * message. So of an error with an SQLSTATE only name, code and cause are logged.
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
