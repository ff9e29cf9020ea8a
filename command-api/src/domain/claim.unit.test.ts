import type { ClaimRecord } from '@zameni/contracts';
import test from 'ava';
import { type ClaimState, toClaimState } from './claim.ts';
import { CLAIM_AT, heldBy, NOW, reservedFor, VERA } from './situation.fixture.ts';

const means = test.macro<[ClaimRecord, ClaimState, { readonly isWaiting?: boolean }?]>({
  title: (title = '') => title,
  exec: (t, record, expected, { isWaiting = false } = {}) => {
    const position = isWaiting ? undefined : CLAIM_AT;
    t.deepEqual(toClaimState({ record, position }, NOW), expected);
  },
});

for (const by of ['email-change', 'disowning'] as const) {
  test(
    `an address that was released by ${by} is free`,
    means,
    { state: 'released', by },
    { state: 'free', erasedAt: 0 },
  );
  test(
    `a release by ${by} keeps the position of an earlier erasure`,
    means,
    { state: 'released', by, erasedAt: 3 },
    { state: 'free', erasedAt: 3 },
  );
}
const erased = { state: 'released', by: 'erasure' } as const;
test(
  'an address that was released by an erasure is free and holds its position',
  means,
  { ...erased, erasedAt: 3 },
  { state: 'free', erasedAt: CLAIM_AT },
);
test(
  'an erasure in the same batch is after all other records',
  means,
  erased,
  { state: 'free', erasedAt: Number.POSITIVE_INFINITY },
  { isWaiting: true },
);
for (const verified of [false, true]) {
  const expected = { state: 'held', userId: VERA, verified } as const;
  const record = heldBy(VERA, verified);
  const title = `a claim is held ${verified ? 'proven' : 'unproven'}`;
  test(title, means, record, { ...expected, erasedAt: 0 });
  test(
    `${title} and keeps the position of an earlier erasure`,
    means,
    { ...record, erasedAt: 3 },
    { ...expected, erasedAt: 3 },
  );
}

test('a reserved address is held as a proven one until its instant', means, reservedFor(VERA), {
  state: 'held',
  userId: VERA,
  verified: true,
  erasedAt: 0,
});
test(
  'a reserved address is free from its instant on, and keeps its person and the position of an erasure',
  means,
  { ...reservedFor(VERA, NOW), erasedAt: 3 },
  { state: 'free', formerHolder: VERA, erasedAt: 3 },
);
