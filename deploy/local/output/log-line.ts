import { type LogEntry, readLogLine, toLogText } from '@zameni/runtime/instruments';

/** One line of a program's output in readable form, and how it is to be shown. */
export type ReadableLine = {
  readonly text: string;
  readonly isWarning: boolean;
  /** True for a line about one request. */
  readonly isRequest: boolean;
};

const QUIET_LEVELS: ReadonlySet<unknown> = new Set(['trace', 'debug', 'info', 'notice']);

/**
 * Shortens a JSON log line to its level, message, fields and cause. Lines of our services have the
 * names of Elastic Common Schema; other programs say `level` and `msg`. A line that is no JSON is
 * shown unchanged.
 */
export function toReadableLine(line: string): ReadableLine {
  const read = readLogLine(line);
  if (read === null) return { text: line, isWarning: true, isRequest: false };
  const entry = 'log.level' in read ? read : fromOther(read, line);
  return {
    text: toLogText(entry, { time: false }),
    isWarning: !QUIET_LEVELS.has(entry['log.level']),
    isRequest: entry['http.request.method'] !== undefined,
  };
}

/** An entry of another program, with our names. */
function fromOther(entry: LogEntry, line: string): LogEntry {
  return {
    'log.level': entry['level'] ?? 'info',
    message: entry['msg'] ?? entry['message'] ?? line,
    'error.message': entry['error'] ?? entry['err'],
  };
}
