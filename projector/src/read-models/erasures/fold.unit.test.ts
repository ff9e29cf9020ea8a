import test from 'ava';
import { happenings, projected, registered, userIdOf } from '../../accounts.fixture.ts';
import { toErasureRow } from './fold.ts';

test('given erased, then the row has the time and the caller', (t) => {
  const actor = { type: 'caller', id: 'app-1' } as const;
  const event = projected(1, happenings.erased, { position: 42, actor });
  t.deepEqual(toErasureRow(event), {
    userId: userIdOf(1),
    position: 42,
    requestedAt: '2026-03-04T05:06:07.089Z',
    requestedBy: 'app-1',
  });
});

test('given an erasure that no caller requested, then the row has no caller', (t) => {
  const actor = { type: 'system', id: 'retention' } as const;
  const event = projected(1, happenings.erased, { position: 42, actor });
  t.is(toErasureRow(event)?.requestedBy, null);
});

test('given any other event, then there is no erasure', (t) => {
  t.is(toErasureRow(registered(1, 42)), undefined);
});
