import type { LogLevel } from './logs/definition.ts';
import type { LOG_FIELDS, LogFieldName } from './logs/fields.ts';
import { AUDIT_EVENTS } from './logs/audit.ts';
import { HTTP_EVENTS } from './logs/http.ts';
import { MAIL_EVENTS } from './logs/mail.ts';
import { PROCESS_EVENTS } from './logs/process.ts';
import { PROJECTION_EVENTS } from './logs/projection.ts';
import { READ_SIDE_EVENTS } from './logs/read-side.ts';
import { SECURITY_EVENTS } from './logs/security.ts';
import { WRITE_SIDE_EVENTS } from './logs/write-side.ts';

/** Every log event, by its message. A line has no other message and no other fields. */
export const LOG_EVENTS = {
  ...PROCESS_EVENTS,
  ...HTTP_EVENTS,
  ...WRITE_SIDE_EVENTS,
  ...READ_SIDE_EVENTS,
  ...PROJECTION_EVENTS,
  ...AUDIT_EVENTS,
  ...MAIL_EVENTS,
  ...SECURITY_EVENTS,
} as const;

/** The message of a log event. */
export type LogEventMessage = keyof typeof LOG_EVENTS;

/** The messages of a level. */
export type MessageOfLevel<Level extends LogLevel> = {
  [Message in LogEventMessage]: (typeof LOG_EVENTS)[Message]['level'] extends Level
    ? Message
    : never;
}[LogEventMessage];

type ValueOfType = {
  readonly keyword: string;
  readonly keywords: readonly string[];
  readonly integer: number;
  readonly number: number;
  readonly error: unknown;
};

type ValueOf<Name extends LogFieldName> = ValueOfType[(typeof LOG_FIELDS)[Name]['type']];

type OptionalOf<Message extends LogEventMessage> = (typeof LOG_EVENTS)[Message] extends {
  readonly optional: readonly (infer Name extends LogFieldName)[];
}
  ? Name
  : never;

/** The fields that a line with a message must and may have. */
export type FieldsOfMessage<Message extends LogEventMessage> = {
  readonly [Name in (typeof LOG_EVENTS)[Message]['fields'][number]]: ValueOf<Name>;
} & {
  readonly [Name in OptionalOf<Message>]?: ValueOf<Name> | null | undefined;
};
