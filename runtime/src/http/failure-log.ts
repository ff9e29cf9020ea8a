import type { ErrorCode } from '@zameni/contracts';
import { type AppError, coerceError } from '../errors.ts';
import { createLinePerKind, type FaultKind, kindOfError } from '../process/line-per-kind.ts';
import type { Logger } from '../process/logger.ts';
import { HARMLESS_PROBLEMS } from '../telemetry/catalogue/harmless-problems.ts';

/**
 * Refusals without a line of their own: a client can cause them at will, or there is too much load.
 * Metrics count them.
 */
const NOT_LOGGED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'overloaded',
  'log-full',
  ...HARMLESS_PROBLEMS,
]);

/** Logs answers 5xx. */
export type FailureLog = Disposable & {
  readonly note: (error: AppError, traceId: string) => void;
};

/** Creates a log of failures with one line a second and kind. */
export function createFailureLog(logger: Pick<Logger, 'error'>): FailureLog {
  const lines = createLinePerKind<{ readonly error: AppError; readonly traceId: string }>(
    (newest, faults) => logger.error({ ...newest, faults }, 'request failed'),
  );
  return {
    note: (error, traceId) => {
      if (!NOT_LOGGED.has(error.code)) lines.note(toKind(error), { error, traceId });
    },
    [Symbol.dispose]: () => lines[Symbol.dispose](),
  };
}

/** The code, and the kind of the cause. */
function toKind({ code, cause }: AppError): FaultKind {
  if (cause === undefined) return { kind: code, group: code };
  return { kind: `${code}\n${kindOfError(coerceError(cause)).kind}`, group: code };
}
