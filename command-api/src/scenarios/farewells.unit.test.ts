import {
  type Farewell,
  FAREWELL_LIFETIME_SECONDS,
  parseFarewell,
  recordKind,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { EventLog } from '@zameni/runtime';
import test from 'ava';
import { readAll, signal } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';
import { createRing } from '../testing/rings.fixture.ts';

async function erase({ send }: Api, id: UserId): Promise<number> {
  const response = await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });
  return response.statusCode;
}

/** All farewells to a person. */
async function farewellsTo({ log }: Api, id: UserId): Promise<readonly (Farewell | undefined)[]> {
  const records = await log.readSubject(subjects.farewell(id), signal);
  return records.map(({ data }) => parseFarewell(data));
}

/** A log in memory that notes how its messages were appended. */
function createNotingLog() {
  const memory = createMemoryLog();
  const batches: Parameters<EventLog['append']>[0][] = [];
  const append: EventLog['append'] = (messages, aborted) => {
    batches.push(messages);
    return memory.append(messages, aborted);
  };
  return { log: { ...memory, append }, batches };
}

test('the erasure of a person who proved their mailbox leaves their address, sealed', async (t) => {
  const api = createApi(t);
  const id = await api.join();
  t.is(await erase(api, id), 202);
  const [farewell, ...more] = await farewellsTo(api, id);
  if (farewell === undefined) return t.fail();
  t.deepEqual(more, []);
  t.is(farewell.locale, person.locale);
  t.false(JSON.stringify(farewell).includes('ra@example'));
  t.is(api.attemptKeys.openFarewell(id, farewell), person.email);
});

test('it is in the batch of the erasure, before the event, and lives for an hour', async (t) => {
  const { log, batches } = createNotingLog();
  const api = createApi(t, { log });
  const id = await api.join();
  await erase(api, id);
  const last = batches.at(-1) ?? [];
  const kinds = last.map(({ subject }) => recordKind(subject));
  t.deepEqual(kinds, ['claim', 'deletion', 'farewell', 'account']);
  t.deepEqual(
    last.map(({ ttlSeconds }) => ttlSeconds),
    [undefined, undefined, FAREWELL_LIFETIME_SECONDS, undefined],
  );
});

test('a mailbox that was proven by the link of an account counts, and so does a new address', async (t) => {
  const api = createApi(t);
  const id = await api.register();
  await api.confirm(id);
  const email = 'New@example.net';
  await api.send({ url: `/v1/users/${id}/email-changes`, body: { email }, headers: operator });
  await api.confirm(id, { email, name: 'email-change-requested' });
  await erase(api, id);
  const [farewell] = await farewellsTo(api, id);
  t.is(farewell && api.attemptKeys.openFarewell(id, farewell), email);
});

test('an erasure that is asked for again leaves nothing more', async (t) => {
  const api = createApi(t);
  const id = await api.join();
  await erase(api, id);
  const head = await api.head();
  t.is(await erase(api, id), 202);
  t.is(await api.head(), head);
});

test('an unproven mailbox gets none, because it may be somebody else’s', async (t) => {
  const api = createApi(t);
  const id = await api.register();
  t.is(await erase(api, id), 202);
  t.deepEqual(await farewellsTo(api, id), []);
});

test('the owner of a mailbox who said that the account is not theirs gets none', async (t) => {
  const api = createApi(t);
  const id = await api.register();
  await api.confirm(id, {}, { notMine: true });
  t.is(await erase(api, id), 202);
  t.deepEqual(await farewellsTo(api, id), []);
});

test('an attempt gets none', async (t) => {
  const api = createApi(t);
  const id = await api.attempt();
  t.is(await erase(api, id), 202);
  t.deepEqual(await farewellsTo(api, id), []);
});

test('without an attempt key of the day the person is erased, and gets none', async (t) => {
  const log = createMemoryLog();
  const first = createApi(t, { log });
  const id = await first.join();
  const { kek } = first.rings;
  const { peppers } = first;
  // Its keeper has stopped: the ring has a key of another day only.
  const later = createApi(t, { log, kek, peppers, attemptRing: createRing() });
  t.is(await erase(later, id), 202);
  t.is((await later.namesOf(id)).at(-1), 'erased');
  t.deepEqual(await farewellsTo(later, id), []);
  const kinds = (await readAll(log)).slice(-3).map(({ subject }) => recordKind(subject));
  t.deepEqual(kinds, ['claim', 'deletion', 'account']);
});
