/** One line of a service's output in readable form, and whether to show it. */
export type ReadableLine = { readonly text: string; readonly isWarning: boolean };

const WARNING_LEVEL = 40;
const LEVELS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

/** Shortens a JSON log line to its message and cause. Any other line is shown unchanged. */
export function readLogLine(line: string): ReadableLine {
  const entry = parseEntry(line);
  if (entry === null) return { text: line, isWarning: true };
  const level = levelOf(entry['level']);
  const name = Object.entries(LEVELS).find(([, value]) => value === level)?.[0] ?? 'info';
  const message = textOf(entry['msg']) ?? textOf(entry['message']) ?? line;
  const cause = causeOf(entry['err'] ?? entry['error']);
  const text = `${name}: ${message}${cause === null || cause === message ? '' : ` (${cause})`}`;
  return { text, isWarning: level >= WARNING_LEVEL };
}

function parseEntry(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    // A line that only looks like JSON is shown unchanged.
    return null;
  }
}

function levelOf(level: unknown): number {
  if (typeof level === 'number') return level;
  return (typeof level === 'string' ? LEVELS[level] : undefined) ?? 30;
}

function causeOf(fault: unknown): string | null {
  if (!isRecord(fault)) return textOf(fault);
  const own = textOf(fault['message']);
  const inner = fault['cause'] === undefined ? null : causeOf(fault['cause']);
  return inner === null || inner === own ? own : `${own ?? 'fault'}: ${inner}`;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
