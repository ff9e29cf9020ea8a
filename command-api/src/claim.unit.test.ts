import type { ClaimRecord } from '@zameni/contracts';
import test from 'ava';
import { type ClaimState, toClaimState } from './claim.ts';
import { heldBy, VERA } from './situation.fixture.ts';

const means = test.macro<[ClaimRecord | undefined, ClaimState]>({
  title: (title = '') => title,
  exec: (t, record, expected) => {
    t.deepEqual(toClaimState(record), expected);
  },
});

test('an address is free before the first claim', means, undefined, { state: 'free' });
for (const by of ['email-change', 'disowning', 'erasure'] as const) {
  test(
    `an address that was released by ${by} is free`,
    means,
    { state: 'released', by },
    { state: 'free' },
  );
}
for (const verified of [false, true]) {
  const expected = { state: 'held', userId: VERA, verified } as const;
  test(
    `a claim is held ${verified ? 'proven' : 'unproven'}`,
    means,
    heldBy(VERA, verified),
    expected,
  );
}
