import { styleText } from 'node:util';
import { LOG_FIELDS } from '../catalogue/logs/fields.ts';

/** A log line as an object, with the names of Elastic Common Schema. */
export type LogEntry = Readonly<Record<string, unknown>>;

/** What a line in readable form has besides its level, message and fields. */
export type LogTextOptions = {
  /** True puts the time of day before the line. */
  readonly time: boolean;
};

const STYLES = {
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
} as const;

/** Characters of the longest level and its colon. */
const LEVEL_WIDTH = 6;

/** Fields of a request that are shown without their names, in this order. */
const REQUEST_FIELDS = ['http.request.method', 'http.route', 'http.response.status_code'] as const;

/** Names of fields that are shown some other way, or not at all. */
const NOT_LISTED: ReadonlySet<string> = new Set([
  ...REQUEST_FIELDS,
  'error',
  'event.duration',
  'span.id',
]);

/** Reads a JSON log line. Returns null for any other line. */
export function readLogLine(line: string): LogEntry | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : null;
  } catch {
    // A line that only looks like JSON is shown unchanged.
    return null;
  }
}

/**
 * A line for people: level, message, fields by their names in the code, and the error with its
 * causes. Colours are left out where standard output takes none.
 */
export function toLogText(entry: LogEntry, { time }: LogTextOptions): string {
  const level = toText(entry['log.level']) ?? 'info';
  const message = toText(entry['message']) ?? '';
  const parts = [
    ...(time ? [styleText('dim', toTimeOfDay(entry['@timestamp']))] : []),
    styleLevel(level, time ? LEVEL_WIDTH : 0),
    ...[message, toRequest(entry), toDetails(entry)].filter((part) => part !== ''),
  ];
  return parts.join(' ') + toFault(entry, message, time);
}

function styleLevel(level: string, width: number): string {
  const style = Object.entries(STYLES).find(([name]) => name === level)?.[1];
  const text = `${level}:`.padEnd(width);
  return style === undefined ? text : styleText([style].flat(), text);
}

function toTimeOfDay(timestamp: unknown): string {
  const at = new Date(toText(timestamp) ?? Number.NaN);
  if (Number.isNaN(at.getTime())) return '--:--:--.---';
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  return `${at.toTimeString().slice(0, 8)}.${milliseconds}`;
}

function toRequest(entry: LogEntry): string {
  if (entry['http.request.method'] === undefined) return '';
  const words = REQUEST_FIELDS.flatMap((name) => toText(entry[name]) ?? []);
  const duration = entry['event.duration'];
  const ms = typeof duration === 'number' ? [`${(duration / 1e6).toFixed(1)} ms`] : [];
  return [...words, ...ms].join(' ');
}

function toDetails(entry: LogEntry): string {
  const listed = Object.entries(LOG_FIELDS).flatMap(([name, field]) => {
    if (NOT_LISTED.has(field.name)) return [];
    // A trace is looked up when something went wrong.
    if (field.name === 'trace.id' && entry['log.level'] === 'info') return [];
    const value = toText(entry[field.name]);
    return value === undefined ? [] : [`${name}=${quoteIfSpaced(value)}`];
  });
  return listed.length === 0 ? '' : styleText('dim', listed.join(' '));
}

/** The error and its causes, and if it is serious the places in our code where it was thrown. */
function toFault(entry: LogEntry, message: string, withStack: boolean): string {
  const texts = [toError(entry), ...toList(entry['zameni.error.causes'])].filter(
    (text) => text !== undefined && text !== message,
  );
  const fault = texts.length === 0 ? '' : ` (${[...new Set(texts)].join(': ')})`;
  const stack = toText(entry['error.stack_trace']);
  if (!withStack || stack === undefined || entry['log.level'] === 'warn') return fault;
  const places = stack.split('\n').filter((line) => !line.includes('node:internal'));
  return [fault, ...places.map((place) => styleText('dim', `  ${place}`))].join('\n');
}

function toError(entry: LogEntry): string | undefined {
  const own = toText(entry['error.message']);
  const kind = toText(entry['error.code']) ?? toText(entry['error.type']);
  return own === undefined || own === 'withheld' ? kind : own;
}

function toList(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((item) => toText(item) ?? []) : [];
}

function toText(value: unknown): string | undefined {
  if (Array.isArray(value)) return toList(value).join(',');
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function quoteIfSpaced(value: string): string {
  return value.includes(' ') ? JSON.stringify(value) : value;
}

function isEntry(value: unknown): value is LogEntry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
