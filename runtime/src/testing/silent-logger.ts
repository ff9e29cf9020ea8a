import { createLogger, type Logger } from '../process/logger.ts';

/** Creates a logger without output. */
export function createSilentLogger(): Logger {
  return createLogger({ service: 'test', instance: 'test', level: 'silent' });
}
