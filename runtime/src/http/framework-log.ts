import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from '../process/logger.ts';

/**
 * The logger that Fastify gets. Its own messages name paths and addresses, so they are not written:
 * of a warning or an error the line has the kind and the code only. Ours go to `logger` directly.
 */
export function createFrameworkLog(logger: Pick<Logger, 'warn'>): FastifyBaseLogger {
  const ignore = () => undefined;
  const report = (first: unknown) => {
    logger.warn({ error: faultOf(first) }, 'the HTTP framework reports a fault');
  };
  const log: FastifyBaseLogger = {
    level: 'warn',
    silent: ignore,
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: report,
    error: report,
    fatal: report,
    child: () => log,
  };
  return log;
}

/** The error of a line as Fastify logs it, without its message. */
function faultOf(first: unknown): Error {
  const error = first instanceof Object && 'err' in first ? first.err : first;
  const fault = new Error('reported by Fastify');
  if (!(error instanceof Error)) return fault;
  fault.name = error.name;
  return Object.assign(fault, 'code' in error ? { code: error.code } : {});
}
