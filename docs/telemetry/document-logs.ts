import {
  ERROR_FIELDS,
  LINE_FIELDS,
  LOG_EVENTS,
  LOG_FIELDS,
  type LogEventDefinition,
} from '@zameni/runtime/instruments';
import { toCode, toTable } from './table.ts';

/** The section of docs/telemetry.md about log lines. */
export function documentLogs(): string {
  return `## Log lines

JSON in Elastic Common Schema, one event a line, on standard output; text on a terminal. A field that the catalogue does not allow is not written.

${toTable(['field of every line', 'meaning'], toRows(LINE_FIELDS))}

${toTable(['field of an error', 'meaning'], toRows(ERROR_FIELDS))}

### Fields of events

${toTable(['field', 'type', 'meaning'], fieldRows())}

### Events

${toTable(['message', '`event.code`', 'level', 'fields', 'meaning'], eventRows())}`;
}

function toRows(fields: Readonly<Record<string, string>>): string[][] {
  return Object.entries(fields).map(([name, meaning]) => [`\`${name}\``, meaning]);
}

function fieldRows(): string[][] {
  return Object.values(LOG_FIELDS).map(({ name, type, description }) => [
    `\`${name}\``,
    type,
    description,
  ]);
}

function eventRows(): string[][] {
  const names: Readonly<Record<string, { readonly name: string }>> = LOG_FIELDS;
  return Object.entries<LogEventDefinition>(LOG_EVENTS).map(
    ([message, { code, level, fields, optional = [], description }]) => [
      message,
      `\`${code}\``,
      level,
      toCode([...fields, ...optional].map((field) => names[field]?.name ?? field)),
      description,
    ],
  );
}
