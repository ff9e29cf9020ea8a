import { UsageError } from '../framework/command.ts';

/** Reads the id of a trace, alone or in a `traceparent`. Throws UsageError for another text. */
export function parseTraceId(text: string): string {
  const id = /^(?:[\da-f]{2}-)?([\da-f]{32})(?:-[\da-f]{16}-[\da-f]{2})?$/i.exec(text)?.[1];
  if (id === undefined || /^0+$/.test(id)) {
    throw new UsageError('<traceId> is 32 hexadecimal digits, not all zero, or a traceparent');
  }
  return id.toLowerCase();
}
