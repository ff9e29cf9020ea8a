import type { ErrorCode } from '@zameni/contracts';
import { type AppError, coerceError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import { HARMLESS_PROBLEMS } from '../telemetry/catalogue/harmless-problems.ts';

/** Milliseconds between two lines about failures of one kind. A stack for each would add load. */
const INTERVAL_MS = 1_000;

/** Kinds that are told apart at once. Further ones are counted by their code alone. */
const MAX_KINDS = 50;

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

/** Failures of one kind since its last line. */
type Waiting = {
  faults: number;
  error: AppError;
  traceId: string;
  timer: NodeJS.Timeout;
};

/**
 * Creates a log of failures with one line a second and kind. The first failure of a kind is written
 * at once, later ones as the newest of them and their number. Disposing writes what is left.
 */
export function createFailureLog(logger: Pick<Logger, 'error'>): FailureLog {
  const kinds = new Map<string, Waiting>();

  function write({ error, traceId, faults }: Pick<Waiting, 'error' | 'traceId' | 'faults'>): void {
    logger.error({ error, traceId, faults }, 'request failed');
  }

  /** A kind that goes on failing is reported again, and a quiet one is forgotten. */
  function report(kind: string): void {
    const waiting = kinds.get(kind);
    if (waiting === undefined) return;
    if (waiting.faults === 0) {
      kinds.delete(kind);
      return;
    }
    write(waiting);
    waiting.faults = 0;
    waiting.timer = reportLater(kind);
  }

  function reportLater(kind: string): NodeJS.Timeout {
    return setTimeout(() => report(kind), INTERVAL_MS).unref();
  }

  return {
    note: (error, traceId) => {
      if (NOT_LOGGED.has(error.code)) return;
      const exact = kindOf(error);
      const kind = kinds.has(exact) || kinds.size < MAX_KINDS ? exact : error.code;
      const waiting = kinds.get(kind);
      if (waiting !== undefined) {
        waiting.faults += 1;
        waiting.error = error;
        waiting.traceId = traceId;
        return;
      }
      write({ error, traceId, faults: 1 });
      kinds.set(kind, { error, traceId, faults: 0, timer: reportLater(kind) });
    },
    [Symbol.dispose]: () => {
      for (const waiting of kinds.values()) {
        clearTimeout(waiting.timer);
        if (waiting.faults > 0) write(waiting);
      }
      kinds.clear();
    },
  };
}

/** The code, and of the cause its name, its code and where it was thrown. */
function kindOf({ code, cause }: AppError): string {
  if (cause === undefined) return code;
  const error = coerceError(cause);
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0];
  return [code, error.name, Reflect.get(error, 'code'), place].join('\n');
}
