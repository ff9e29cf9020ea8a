import { randomBytes } from 'node:crypto';
import {
  ACCOUNTS_PROJECTION,
  type AccountEvent,
  type AccountFact,
  type Actor,
  DISOWNED,
  encodeEvent,
  encodePersonal,
  type EventMetadata,
  eventType,
  parseUserId,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { createDataKeys, type DataKeys, type LogMessage, sealPersonal } from '@zameni/runtime';
import type { ProjectedEvent } from './read-models/record.ts';

/** The version of the read models that a new database has. */
export const FIRST_VERSION = { projection: ACCOUNTS_PROJECTION, version: 1 } as const;

const fingerprint = 'f'.repeat(43);

type Personal = Extract<AccountEvent, { readonly name: 'registered' }>['personal'];

/** The position and other attributes of a person's event. */
export type Place = {
  readonly position: number;
  readonly version?: number;
  readonly actor?: Actor;
};

/** Returns the id of the n-th made-up person. */
export function userIdOf(n: number): UserId {
  const id = parseUserId(`01980000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  if (id === undefined) throw new Error(`${n} makes no user id`);
  return id;
}

/** Returns the data of the n-th made-up person that is encrypted. */
export function personalOf(n: number): Personal {
  return {
    email: `Person.${n}@example.org`,
    claim: claimOf(n),
    displayName: `Љиљана {"${n}", \\}`,
    profile: { plan: "it's", seats: n, news: true },
  };
}

/** Returns the keyed digest of the n-th made-up address. */
export function claimOf(n: number): string {
  return `k${n}`.padEnd(43, '_');
}

/** Returns the attributes of an event of the n-th made-up person. */
export function metadataOf(n: number, version = 1): EventMetadata {
  return {
    id: userIdOf(1_000_000 * version + n),
    userId: userIdOf(n),
    time: '2026-03-04T05:06:07.089Z',
    causationId: 'request-1',
    actor: { type: 'anonymous', id: 'public' },
    accountVersion: version,
  };
}

/** Returns an event of the n-th made-up person as a projection reads it. */
export function projected(n: number, event: AccountEvent, place: Place): ProjectedEvent {
  return { ...attributes(n, place), personal: 'open', event };
}

/** Like `projected`, for a person whose key was destroyed before the projection read the event. */
export function withoutKey(n: number, event: AccountFact, place: Place): ProjectedEvent {
  const { name, data } = event;
  // The fields of one event, unchanged.
  return { ...attributes(n, place), personal: 'erased', event: { name, data } as AccountFact };
}

function attributes(n: number, { position, version, actor }: Place) {
  const metadata = metadataOf(n, version);
  return {
    metadata: actor === undefined ? metadata : { ...metadata, actor },
    position,
    traceparent: undefined,
  };
}

/** The differences of a registration; `attempt` is the position of a proven attempt. */
type Registration = {
  readonly claim?: string;
  readonly emailVerified?: boolean;
  readonly locale?: string;
  readonly attempt?: number;
};

/** Creates `registered` of the n-th made-up person, unproven by default. */
export function registration(n: number, options: Registration = {}) {
  const { claim = claimOf(n), emailVerified = false, locale = 'sr-Cyrl-RS', attempt } = options;
  return {
    name: 'registered',
    data: {
      locale,
      termsVersion: '2026-01',
      fingerprint,
      emailVerified,
      ...(attempt === undefined ? {} : { attempt }),
    },
    personal: { ...personalOf(n), claim },
  } as const satisfies AccountEvent;
}

/** Events of a person, each with made-up content. */
export const happenings = {
  verified: {
    name: 'email-verified',
    data: { request: userIdOf(7), locale: 'sr-Cyrl-RS' },
    personal: null,
  },
  updated: {
    name: 'profile-updated',
    data: { locale: 'de' },
    personal: { displayName: 'Љиља', profile: { plan: 'other' } },
  },
  changeRequested: {
    name: 'email-change-requested',
    data: {},
    personal: { email: 'new@example.net', claim: claimOf(900) },
  },
  changeCancelled: { name: 'email-change-cancelled', data: {}, personal: null },
  deactivated: { name: 'deactivated', data: { reasonCode: 'requested' }, personal: null },
  disowned: {
    name: 'deactivated',
    data: { reasonCode: DISOWNED, address: 'released' },
    personal: null,
  },
  reactivated: { name: 'reactivated', data: { reasonCode: 'requested' }, personal: null },
  erased: { name: 'erased', data: {}, personal: null },
} as const satisfies Record<string, AccountEvent>;

/** Creates `email-changed` to the address with a claim. */
export function emailChanged(claim: string) {
  return {
    name: 'email-changed',
    data: { request: userIdOf(7) },
    personal: { email: 'new@example.net', claim },
  } as const satisfies AccountEvent;
}

/** Returns `registered` of the n-th made-up person as a projection reads it. */
export function registered(n: number, position: number): ProjectedEvent {
  return projected(n, registration(n), { position });
}

/** Creates data keys under a key-encryption key of this test only. */
export function createTestDataKeys(): DataKeys {
  return createDataKeys({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
}

/** Returns the messages of the n-th made-up person's registration: claim, key and first event. */
export function registeredMessages(n: number, dataKeys: DataKeys): LogMessage[] {
  const metadata = metadataOf(n);
  const { userId } = metadata;
  const { key, record } = dataKeys.create(userId);
  const binding = { eventId: metadata.id, type: eventType('registered'), userId };
  const event = registration(n);
  const sealed = sealPersonal(key, binding, encodePersonal(event) ?? '');
  return [
    message(subjects.claim(claimOf(n)), JSON.stringify({ state: 'held', userId, verified: false })),
    message(subjects.key(userId), JSON.stringify(record)),
    message(subjects.account(userId), encodeEvent(metadata, event, sealed)),
  ];
}

/** Returns the event that erases the n-th made-up person, after their last one. */
export function erasedMessages(n: number, expectedPosition: number): LogMessage[] {
  const data = encodeEvent(metadataOf(n, 2), happenings.erased, null);
  return [{ ...message(subjects.account(userIdOf(n)), data), expectedPosition }];
}

function message(subject: string, data: string): LogMessage {
  return { subject, data, expectedPosition: 0 };
}
