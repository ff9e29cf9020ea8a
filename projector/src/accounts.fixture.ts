import { randomBytes } from 'node:crypto';
import {
  encodeEvent,
  type EventMetadata,
  eventType,
  parseUserId,
  type RegisteredPersonal,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { createDataKeys, type DataKeys, type LogMessage, sealPersonal } from '@zameni/runtime';
import type { ProjectedEvent } from './projected-event.ts';

const fingerprint = 'f'.repeat(43);

/** The id of the n-th made-up person. */
export function userIdOf(n: number): UserId {
  const id = parseUserId(`01980000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  if (id === undefined) throw new Error(`${n} makes no user id`);
  return id;
}

/** What is encrypted of the n-th made-up person. */
export function personalOf(n: number): RegisteredPersonal {
  return {
    email: `Person.${n}@example.org`,
    claim: `k${n}`.padEnd(43, '_'),
    displayName: `Љиљана {"${n}", \\}`,
    profile: { plan: "it's", seats: n, news: true },
  };
}

/** Attributes of the first event of the n-th made-up person. */
export function metadataOf(n: number): EventMetadata {
  return {
    id: userIdOf(1_000_000 + n),
    userId: userIdOf(n),
    time: '2026-03-04T05:06:07.089Z',
    causationId: 'request-1',
    actor: { type: 'anonymous', id: 'public' },
    accountVersion: 1,
  };
}

/** `registered` of the n-th made-up person as a projection gets it. */
export function registered(n: number, position: number): ProjectedEvent {
  return {
    metadata: metadataOf(n),
    event: {
      name: 'registered',
      data: { locale: 'sr-Cyrl-RS', termsVersion: '2026-01', fingerprint },
      personal: personalOf(n),
    },
    position,
    traceparent: undefined,
  };
}

/** `registration-refused` of the n-th made-up registration as a projection gets it. */
export function refused(n: number, position: number): ProjectedEvent {
  return {
    metadata: metadataOf(n),
    event: {
      name: 'registration-refused',
      data: { reason: 'address-taken', fingerprint },
      personal: null,
    },
    position,
    traceparent: undefined,
  };
}

/** Data keys under a key-encryption key of the test's own. */
export function createTestDataKeys(): DataKeys {
  return createDataKeys({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
}

/** What registering the n-th made-up person appends: its claim, its key and its first event. */
export function registeredMessages(n: number, dataKeys: DataKeys): LogMessage[] {
  const metadata = metadataOf(n);
  const { userId } = metadata;
  const { key, record } = dataKeys.create(userId);
  const binding = { eventId: metadata.id, type: eventType('registered'), userId };
  const sealed = sealPersonal(key, binding, JSON.stringify(personalOf(n)));
  const { event } = registered(n, 0);
  return [
    message(subjects.claim(personalOf(n).claim), '{}'),
    message(subjects.key(userId), JSON.stringify(record)),
    message(subjects.account(userId), encodeEvent(metadata, event, sealed)),
  ];
}

/** What refusing the n-th made-up registration appends. */
export function refusedMessages(n: number): LogMessage[] {
  const data = encodeEvent(metadataOf(n), refused(n, 0).event, null);
  return [message(subjects.account(userIdOf(n)), data)];
}

function message(subject: string, data: string): LogMessage {
  return { subject, data, expectedPosition: 0 };
}
