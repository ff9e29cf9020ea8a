import { join } from 'node:path';

/** Returns the file of a process' security log, beside the one of its other lines. */
export function securityLogFile(logs: string, process: string): string {
  return join(logs, `${process}.security.log`);
}
