import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseUserId, type UserId } from '../identifiers.ts';
import { type Actor, Envelope } from './envelope.ts';
import { pickKnownFields } from './known-fields.ts';
import {
  type AccountEvent,
  type AccountFact,
  clearSchemas,
  EVENT_NAMES,
  type EventName,
  eventVersions,
  personalSchemas,
} from './schemas.ts';
import { upcastersOf } from './upcasters.ts';

/** The attributes that every event has. */
export type EventMetadata = {
  readonly id: string;
  readonly userId: UserId;
  readonly time: string;
  readonly causationId: string;
  readonly actor: Actor;
  readonly accountVersion: number;
};

/** An event as stored in the log: facts in clear, personal data still encrypted. */
export type StoredEvent = {
  readonly metadata: EventMetadata;
  readonly name: EventName;
  /** The full type as stored, with its version. The ciphertext is bound to it. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Base64 of nonce, ciphertext and tag; null when the event has no personal data. */
  readonly personal: string | null;
};

/** A record in the log that is not a readable event. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
  /** Whether a later version of Zameni wrote it, as its name or its version shows. */
  readonly isNewer: boolean;

  constructor(message: string, { isNewer = false } = {}) {
    super(message);
    this.isNewer = isNewer;
  }
}

const SOURCE = '/zameni';
const TYPE_PREFIX = 'zameni.account.';
const isEnvelope = Compile(Envelope);
const clearChecks = compileAll(clearSchemas);
const personalChecks = compileAll(personalSchemas);

/** Returns the CloudEvents type of an event's current version: `zameni.account.registered.v1`. */
export function eventType(name: EventName): string {
  return `${TYPE_PREFIX}${name}.v${eventVersions[name]}`;
}

/** An event that could not be read from the log. The code that made it has a bug. */
export class UnwritableEventError extends Error {
  override readonly name = 'UnwritableEventError';
}

/** Returns the text of an event's personal data before encryption, or null if it has none. */
export function encodePersonal(event: AccountEvent): string | null {
  const check = personalChecks[event.name];
  if (check === undefined) return null;
  if (!check.Check(event.personal)) {
    throw new UnwritableEventError(`personal data does not fit the schema of ${event.name}`);
  }
  return JSON.stringify(event.personal);
}

/**
 * Encodes an event as JSON; `personal` is its ciphertext, or null if the event has none. Throws
 * UnwritableEventError for an event that decodeEvent would refuse, because it would stop every
 * reader of the log.
 */
export function encodeEvent(
  metadata: EventMetadata,
  event: AccountFact,
  personal: string | null,
): string {
  if (!clearChecks[event.name]?.Check(event.data)) {
    throw new UnwritableEventError(`data does not fit the schema of ${event.name}`);
  }
  const envelope: Envelope = {
    specversion: '1.0',
    id: metadata.id,
    source: SOURCE,
    type: eventType(event.name),
    subject: metadata.userId,
    time: metadata.time,
    datacontenttype: 'application/json',
    causationid: metadata.causationId,
    actortype: metadata.actor.type,
    actorid: metadata.actor.id,
    accountversion: metadata.accountVersion,
    data: { ...event.data, ...(personal === null ? {} : { personal }) },
  };
  if (!isEnvelope.Check(envelope)) throw new UnwritableEventError('not an envelope of ours');
  return JSON.stringify(envelope);
}

/**
 * Decodes any stored event to its current version. Fields that a later version has added are left
 * out. Throws UnreadableEventError.
 */
export function decodeEvent(text: string): StoredEvent {
  const envelope = parseEnvelope(text);
  const { name, version } = parseType(envelope.type);
  const { personal, ...clear } = envelope.data;
  if (personal !== undefined && typeof personal !== 'string') {
    throw new UnreadableEventError('personal data is not text');
  }
  const upcast = upcastersOf(name, version).reduce((old, up) => up.clear(old), clear);
  const data = readKnown(clearChecks[name], upcast);
  if (data === undefined) {
    throw new UnreadableEventError(`data does not fit the schema of ${envelope.type}`);
  }
  const userId = parseUserId(envelope.subject);
  if (userId === undefined) throw new UnreadableEventError('subject is not a user id');
  return {
    metadata: {
      id: envelope.id,
      userId,
      time: envelope.time,
      causationId: envelope.causationid,
      actor: { type: envelope.actortype, id: envelope.actorid },
      accountVersion: envelope.accountversion,
    },
    name,
    type: envelope.type,
    data,
    personal: personal ?? null,
  };
}

/** Returns the part of a stored event that is readable without the person's key. */
export function factOf(stored: StoredEvent): AccountFact {
  // decodeEvent has checked the data against the schema of the name.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { name: stored.name, data: stored.data } as AccountFact;
}

/** Joins a stored event with its decrypted personal data. Throws UnreadableEventError. */
export function openEvent(stored: StoredEvent, plaintext: string | null): AccountEvent {
  const check = personalChecks[stored.name];
  if (check === undefined) {
    // The data was checked against the schema of the name.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { name: stored.name, data: stored.data, personal: null } as AccountEvent;
  }
  if (plaintext === null) throw new UnreadableEventError(`${stored.type} lacks personal data`);
  const { name, version } = parseType(stored.type);
  const upcast = upcastersOf(name, version).reduce(
    (old, up) => up.personal(old),
    parseJson(plaintext),
  );
  const personal = readKnown(check, upcast);
  if (personal === undefined) {
    throw new UnreadableEventError(`personal data does not fit the schema of ${stored.type}`);
  }
  // The data was checked against the schema of the name.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { name, data: stored.data, personal } as AccountEvent;
}

function parseEnvelope(text: string): Envelope {
  const value = parseJson(text);
  if (!isEnvelope.Check(value))
    throw new UnreadableEventError('not a CloudEvents envelope of ours');
  return value;
}

function parseJson(text: string): Record<string, unknown> {
  const value = parseOrUndefined(text);
  // Upcasters read properties before the schema is checked.
  if (!isObject(value)) throw new UnreadableEventError('not a JSON object');
  return value;
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be personal data.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseType(type: string): { name: EventName; version: number } {
  const dot = type.lastIndexOf('.v');
  const text = type.slice(TYPE_PREFIX.length, dot);
  const name = EVENT_NAMES.find((known) => known === text);
  const version = Number(type.slice(dot + 2));
  if (name === undefined || version > eventVersions[name]) {
    throw new UnreadableEventError(`unknown event type ${type}`, { isNewer: true });
  }
  return { name, version };
}

type Fields = Readonly<Record<string, unknown>>;
type Check = {
  readonly Check: (value: unknown) => value is Static<TSchema>;
  readonly schema: TSchema;
};

/** Returns the fields that a schema names. Undefined if they do not fit it. */
function readKnown(check: Check | undefined, fields: Fields): Fields | undefined {
  if (check === undefined) return undefined;
  if (check.Check(fields)) return fields;
  const known = pickKnownFields(check.schema, fields);
  return isObject(known) && check.Check(known) ? known : undefined;
}

function compileAll(schemas: Record<EventName, TSchema | null>): Partial<Record<EventName, Check>> {
  return Object.fromEntries(
    Object.entries(schemas).flatMap(([name, schema]) => {
      if (schema === null) return [];
      const compiled = Compile(schema);
      const Check = (value: unknown): value is Static<TSchema> => compiled.Check(value);
      return [[name, { Check, schema }]];
    }),
  );
}
