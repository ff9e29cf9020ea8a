import { toErrorFields } from './error.ts';
import type { LogFieldDefinition, LogFieldType } from '../catalogue/logs/definition.ts';
import { LOG_FIELDS, type LogFieldName } from '../catalogue/logs/fields.ts';
import { LOG_EVENTS, type LogEventMessage } from '../catalogue/logs.ts';

const MAX_KEYWORD_LENGTH = 256;
const MAX_KEYWORDS = 64;

/** Whether a value has the form of its type. A keyword never has an `@` or a control character. */
const CHECKS: Readonly<Record<Exclude<LogFieldType, 'error'>, (value: unknown) => boolean>> = {
  keyword: isKeyword,
  keywords: (value) =>
    Array.isArray(value) && value.length <= MAX_KEYWORDS && value.every(isKeyword),
  integer: Number.isSafeInteger,
  number: Number.isFinite,
};

/**
 * What a line says besides the fields of all lines. It has the fields that the catalogue names for
 * the message, in the form of their type, and no others. What is left out is counted, so that a
 * mistake at a call site shows, and its value does not.
 */
export function toLogRecord(
  message: LogEventMessage,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const definition = LOG_EVENTS[message];
  const allowed: readonly string[] = definition.fields;
  const optional: readonly string[] = 'optional' in definition ? definition.optional : [];
  const record: Record<string, unknown> = { 'event.code': definition.code };
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    if (!isFieldName(name) || !(allowed.includes(name) || optional.includes(name))) {
      dropped += 1;
      continue;
    }
    const field: LogFieldDefinition = LOG_FIELDS[name];
    if (field.type === 'error') Object.assign(record, toErrorFields(value));
    else if (CHECKS[field.type](value)) record[field.name] = value;
    else dropped += 1;
  }
  if (dropped > 0) record['zameni.log.dropped_fields'] = dropped;
  return record;
}

function isFieldName(name: string): name is LogFieldName {
  return Object.hasOwn(LOG_FIELDS, name);
}

function isKeyword(value: unknown): boolean {
  return (
    typeof value === 'string' && value.length <= MAX_KEYWORD_LENGTH && !/[@\p{Cc}]/u.test(value)
  );
}
