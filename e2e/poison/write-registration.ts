import { randomUUID } from 'node:crypto';
import { type AccountEvent, encodeEvent, encodePersonal, type UserId } from '@zameni/contracts';
import { type DataKeys, sealPersonal } from '@zameni/runtime';

/** A registration as the command API writes it: the key and the event of an account. */
export type WrittenRegistration = { readonly key: string; readonly event: string };

/** The metadata of an event that a test writes. */
export function metadataOf(userId: UserId, accountVersion: number) {
  const time = new Date().toISOString();
  const actor = { type: 'anonymous', id: 'public' } as const;
  const ids = { id: randomUUID(), causationId: randomUUID() };
  return { ...ids, userId, time, actor, accountVersion };
}

/** Writes the registration of somebody named Late. Without its key nobody can read the event. */
export function writeRegistration(dataKeys: DataKeys, userId: UserId): WrittenRegistration {
  const { key, record } = dataKeys.create(userId);
  const event: AccountEvent = {
    name: 'registered',
    data: {
      fingerprint: 'f'.repeat(43),
      locale: 'en',
      termsVersion: '2026-01',
      emailVerified: false,
    },
    personal: {
      email: 'late@poison.example.org',
      claim: 'k'.repeat(43),
      displayName: 'Late',
      profile: {},
    },
  };
  const metadata = metadataOf(userId, 1);
  const binding = { eventId: metadata.id, type: 'zameni.account.registered.v1', userId };
  const sealed = sealPersonal(key, binding, encodePersonal(event) ?? '');
  return { key: JSON.stringify(record), event: encodeEvent(metadata, event, sealed) };
}
