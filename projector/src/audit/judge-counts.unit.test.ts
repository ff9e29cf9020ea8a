import test from 'ava';
import {
  COUNTS_GRACE_MS,
  type CountsVerdict,
  judgeCounts,
  type LookRound,
} from './judge-counts.ts';

type Copy = readonly [messages: number, last: number];

/** A look at servers `n1`, `n2` and so on, each second. Undefined: it does not answer. */
function roundsOf(...rounds: readonly (readonly (Copy | undefined)[])[]): readonly LookRound[] {
  return rounds.map((copies, index) => ({
    atMs: index * 1_000,
    looks: copies.flatMap((copy, n) => {
      if (copy === undefined) return [];
      const [messages, last] = copy;
      const counts = { messages, bytes: messages * 100, first: 1, last };
      return [{ server: `n${n + 1}`, serverId: `id-${n + 1}`, copy: counts }];
    }),
  }));
}

function repeat<T>(value: T, times = COUNTS_GRACE_MS / 1_000 + 1): readonly T[] {
  return Array.from({ length: times }, () => value);
}

const isJudged = test.macro({
  exec: (t, rounds: readonly LookRound[], expected: readonly CountsVerdict[]) => {
    const judged = expected.map((_, index) => judgeCounts(`n${index + 1}`, rounds));
    t.deepEqual(judged, expected);
  },
  title: (title = '') => title,
});

test(
  'equal copies agree at the first look',
  isJudged,
  roundsOf([
    [90, 100],
    [90, 100],
    [90, 100],
  ]),
  ['agrees', 'agrees', 'agrees'],
);
test(
  'appends between the answers of two servers change nothing',
  isJudged,
  roundsOf(
    [
      [90, 100],
      [95, 105],
      [92, 102],
    ],
    [
      [190, 200],
      [195, 205],
      [192, 202],
    ],
  ),
  ['agrees', 'agrees', 'agrees'],
);
test(
  'a copy with a hole differs when the others never lose as much',
  isJudged,
  roundsOf(
    ...repeat([
      [73, 100],
      [90, 100],
      [90, 100],
    ] as const),
  ),
  ['differs', 'agrees', 'agrees'],
);
test(
  'a hole is unclear until deletions had the time to arrive',
  isJudged,
  roundsOf([
    [73, 100],
    [90, 100],
    [90, 100],
  ]),
  ['unclear', 'agrees', 'agrees'],
);
test(
  'a deletion that reaches one server first is no difference',
  isJudged,
  roundsOf(
    [
      [89, 100],
      [90, 100],
      [90, 100],
    ],
    [
      [89, 100],
      [89, 100],
      [89, 100],
    ],
  ),
  ['agrees', 'agrees', 'agrees'],
);
test(
  'two copies with other holes differ, and the whole one agrees',
  isJudged,
  roundsOf(
    ...repeat([
      [80, 100],
      [70, 100],
      [90, 100],
    ] as const),
  ),
  ['differs', 'differs', 'agrees'],
);
test(
  'a copy that catches up is unclear',
  isJudged,
  roundsOf(
    [
      [40, 50],
      [90, 100],
      [90, 100],
    ],
    [
      [45, 55],
      [90, 100],
      [90, 100],
    ],
  ),
  ['unclear'],
);
test('a copy alone is unclear', isJudged, roundsOf([[90, 100], undefined, undefined]), ['unclear']);
test('empty copies agree', isJudged, roundsOf([[0, 0], [0, 0], undefined]), ['agrees', 'agrees']);

test('what a server said before it started again does not count', (t) => {
  const before = roundsOf([
    [90, 100],
    [90, 100],
  ]);
  const after = repeat([
    [73, 100],
    [90, 100],
  ] as const).map((copies, index): LookRound => {
    const [round] = roundsOf(copies);
    return {
      atMs: (index + 1) * 1_000,
      looks: (round?.looks ?? []).map((look) => {
        return look.server === 'n1' ? { ...look, serverId: 'new' } : look;
      }),
    };
  });
  t.is(judgeCounts('n1', before), 'agrees');
  t.is(judgeCounts('n1', [...before, ...after]), 'differs');
});
