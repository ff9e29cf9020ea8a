/** How a field is written. A value of another form is not written. */
export type LogFieldType =
  /** A short text without an `@`, as an address would have. */
  | 'keyword'
  | 'keywords'
  | 'integer'
  | 'number'
  /** Anything that was thrown. It becomes the fields of `ERROR_FIELDS`. */
  | 'error';

/** A field that log events may have. No field holds personal data. */
export type LogFieldDefinition = {
  /** Name in the line: that of Elastic Common Schema, or our own below `zameni.`. */
  readonly name: string;
  readonly type: LogFieldType;
  readonly description: string;
};

/** Levels of log events, from the least to the most urgent. */
export const LOG_LEVELS = ['info', 'warn', 'error', 'fatal'] as const;

/** The level of a log event. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One kind of log line. Its message is its key in the catalogue. */
export type LogEventDefinition<FieldName extends string = string> = {
  /** Stable name in `event.code`. */
  readonly code: string;
  readonly level: LogLevel;
  /** For operators: what it means, and what to do. */
  readonly description: string;
  readonly fields: readonly FieldName[];
  /** Fields that some lines of the event lack. */
  readonly optional?: readonly FieldName[];
};
