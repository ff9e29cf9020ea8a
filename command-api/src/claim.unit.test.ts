import test from 'ava';
import { claimantsOf, toClaimState } from './claim.ts';
import { heldBy, JOVAN, LIFETIME_MS, MILA, NOW, OLD, VERA, YOUNG } from './situation.fixture.ts';

const at = { now: NOW, lifetimeMs: LIFETIME_MS };

test('an address is free before the first claim and after a release', (t) => {
  t.deepEqual(toClaimState(undefined, at), { state: 'free' });
  t.deepEqual(toClaimState({ state: 'released' }, at), { state: 'free' });
});

test('a held claim says who, since when and who waits', (t) => {
  t.deepEqual(toClaimState(heldBy(VERA, { contenders: [MILA] }), at), {
    state: 'held',
    userId: VERA,
    verified: false,
    expired: false,
    since: YOUNG,
    contenders: [MILA],
  });
});

const expires = test.macro<[Parameters<typeof heldBy>[1], boolean]>({
  title: (title = '') => title,
  exec: (t, more, expected) => {
    const state = toClaimState(heldBy(VERA, more), at);
    t.is(state.state === 'held' && state.expired, expected);
  },
});

const exactly = new Date(Date.parse(NOW) - LIFETIME_MS).toISOString();
const justOver = new Date(Date.parse(NOW) - LIFETIME_MS - 1).toISOString();
test('an unproven claim has expired after its lifetime', expires, { since: justOver }, true);
test('at its lifetime it has not yet', expires, { since: exactly }, false);
test('a proven claim never expires', expires, { since: OLD, verified: true }, false);
test(
  'a claim from a clock ahead of ours is young',
  expires,
  { since: '2027-01-01T00:00:00.000Z' },
  false,
);

test('a claim of the first days has no instant and does not expire', (t) => {
  const state = toClaimState({ state: 'held', userId: VERA, verified: false }, at);
  t.is(state.state === 'held' && state.expired, false);
});

test('claimants are who holds the address and who waits, in order', (t) => {
  t.deepEqual(claimantsOf({ state: 'free' }), []);
  const held = toClaimState(heldBy(VERA, { contenders: [MILA, JOVAN] }), at);
  t.deepEqual(claimantsOf(held), [VERA, MILA, JOVAN]);
});
