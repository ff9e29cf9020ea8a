import type { AccountEvent, StoredEvent } from '@zameni/contracts';
import { encodePersonal, eventType } from '@zameni/contracts';
import { sealPersonal } from '@zameni/runtime';
import test from 'ava';
import {
  createTestDataKeys,
  emailChanged,
  registration,
  userIdOf,
} from '../../accounts.fixture.ts';
import { toMailAccount, toMailPerson } from './account.ts';

const VERA = userIdOf(1);
const UNDO_UNTIL = '2026-11-26T10:00:00.000Z';
const claims = { first: 'f'.repeat(43), second: 's'.repeat(43) } as const;
const { key } = createTestDataKeys().create(VERA);

const wants = (email: string, claim: string): AccountEvent => ({
  name: 'email-change-requested',
  data: {},
  personal: { email, claim },
});
const changes = (request: string, claim: string, more: object): AccountEvent => ({
  ...emailChanged(claim),
  data: { request, ...more },
});

/** The n-th event of Vera's account as it is stored. */
function stored(event: AccountEvent, n: number): StoredEvent {
  const id = userIdOf(100 + n);
  const type = eventType(event.name);
  const plaintext = encodePersonal(event);
  const binding = { eventId: id, type, userId: VERA };
  const personal = plaintext === null ? null : sealPersonal(key, binding, plaintext);
  const metadata = {
    id,
    userId: VERA,
    time: `2026-11-23T10:00:0${n}.000Z`,
    causationId: 'c',
    actor: { type: 'anonymous', id: 'anonymous' } as const,
    accountVersion: n,
  };
  return { metadata, type, name: event.name, data: event.data, personal } as StoredEvent;
}

const history = [
  { ...registration(1), data: { ...registration(1).data, emailVerified: true } },
  wants('second@example.org', claims.second),
  changes(userIdOf(102), claims.second, { undoUntil: UNDO_UNTIL }),
].map((event, n) => stored(event, n + 1));

test('a change that can be undone is known with the address that it left', (t) => {
  t.deepEqual(toMailAccount(history)?.made, [
    {
      id: String(userIdOf(103)),
      request: String(userIdOf(102)),
      madeAt: '2026-11-23T10:00:03.000Z',
      undoUntil: UNDO_UNTIL,
    },
  ]);
  const left = toMailPerson(history, key)?.left.get(userIdOf(102));
  t.is(left?.email, registration(1).personal.email);
});

test('a change that was undone is known no more', (t) => {
  const undo = stored(changes(userIdOf(102), claims.first, { undo: true }), 4);
  t.deepEqual(toMailAccount([...history, undo])?.made, []);
});
