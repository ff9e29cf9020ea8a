import { type AccountEvent, encodeEvent, subjects } from '@zameni/contracts';
import { createDataKeys, type EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { createRing } from '../testing/rings.fixture.ts';
import { createLoadAccount } from './account-reader.ts';
import { signal, toUserId } from './log.fixture.ts';

const dataKeys = createDataKeys(createRing());
const userId = toUserId('01980000-0000-7000-8000-000000000001');
const subject = subjects.account(userId);

const erased = { name: 'erased', data: {}, personal: null } as const;
const verified = {
  name: 'email-verified',
  data: { request: userId, locale: 'en' },
  personal: null,
} as const;
const registered = {
  name: 'registered',
  data: {
    locale: 'en',
    termsVersion: '2026-01',
    fingerprint: 'f'.repeat(43),
    emailVerified: false,
  },
} as const;

/** A log with the events of one person whose key is gone. */
async function createLog(...events: readonly AccountEvent[]): Promise<EventLog> {
  const log = createMemoryLog();
  const metadata = (version: number) => ({
    id: `01980000-0000-7000-8000-00000000010${version}`,
    userId,
    time: '2026-03-04T05:06:07.089Z',
    causationId: 'request-1',
    actor: { type: 'anonymous', id: 'public' } as const,
    accountVersion: version,
  });
  const all = [
    encodeEvent(metadata(1), registered, 'sealed'),
    ...events.map((event, n) => encodeEvent(metadata(n + 2), event, null)),
  ];
  for (const [expectedPosition, data] of all.entries()) {
    await log.append([{ subject, data, expectedPosition }], signal);
  }
  return log;
}

test('opens no data of an erased person', async (t) => {
  const log = await createLog(erased);
  const { state, person } = await createLoadAccount({ log, dataKeys })(
    userId,
    { withPerson: true },
    signal,
  );
  t.is(state.status, 'erased');
  t.is(person, undefined);
});

test('a missing key of a person who is not erased is a fault', async (t) => {
  const log = await createLog(verified);
  const loading = createLoadAccount({ log, dataKeys })(userId, { withPerson: true }, signal);
  await t.throwsAsync(loading, { code: 'log-unavailable' });
});

test('a replica without the erasure that explains a missing key is read again', async (t) => {
  const log = await createLog(erased);
  let asked = 0;
  const readSubject: EventLog['readSubject'] = async (name, end) => {
    asked += 1;
    const records = await log.readSubject(name, end);
    return asked === 1 ? records.slice(0, 1) : records;
  };
  const load = createLoadAccount({ log: { ...log, readSubject }, dataKeys });
  t.is((await load(userId, { withPerson: true }, signal)).state.status, 'erased');
  t.is(asked, 2);
});
