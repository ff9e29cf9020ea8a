import type { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { coerceError } from '../errors.ts';
import { createLogger, type Logger } from '../process/logger.ts';

/** Bytes in memory that wait for a file that cannot be written. What is beyond is counted. */
const MAX_WAITING_BYTES = 1_048_576;

/** The name of the security log in its lines. */
const DATASET = 'zameni.security';

/** Where events go, the fields of every line, and the log that says if the file is not written. */
export type SecurityLogOptions = {
  /** A path, or `stdout`. */
  readonly target: string;
  readonly service: string;
  readonly instance: string;
  readonly logger: Pick<Logger, 'error'>;
};

/**
 * Creates the security log of a process. No level silences it. Lines are appended whole, so that
 * processes may share a file, and that it may be copied aside and emptied while it is written.
 * Throws if the file cannot be opened.
 */
export function createSecurityLog({ target, logger, ...fields }: SecurityLogOptions): Logger {
  const common = { ...fields, level: 'info', dataset: DATASET };
  if (target === 'stdout') return createLogger(common);
  const file = pino.destination({
    dest: target,
    append: true,
    sync: true,
    mode: 0o600,
    maxLength: MAX_WAITING_BYTES,
  });
  let isFailing = false;
  file.on('write', () => {
    isFailing = false;
  });
  file.on('error', (error) => {
    if (!isFailing) logger.error({ error: coerceError(error) }, 'the security log is not written');
    isFailing = true;
  });
  const log = createLogger({ ...common, write: (line) => void file.write(line) });
  watchLosses(file, { log, logger });
  return log;
}

/** Where losses are told while they happen, and where they are counted afterwards. */
type Losses = {
  readonly log: Pick<Logger, 'warn'>;
  readonly logger: Pick<Logger, 'error'>;
};

/** Tells that lines of a file are lost, and counts them in the file once it is written again. */
export function watchLosses(file: Pick<EventEmitter, 'on'>, { log, logger }: Losses): void {
  let lost = 0;
  file.on('drop', () => {
    lost += 1;
    if (lost === 1) logger.error({}, 'security events are being lost');
  });
  file.on('drain', () => {
    if (lost === 0) return;
    const counted = lost;
    lost = 0;
    log.warn({ lost: counted }, 'security events were lost');
  });
}
