import type { CopyRecord } from '@zameni/runtime';
import test from 'ava';
import { compareCopies, type CopyFault } from './compare-copies.ts';

/** Records from text such as `1a 2b 3c!`: position, content, and `!` if it may expire now. */
function copyOf(text: string): readonly CopyRecord[] {
  return text.split(' ').flatMap((word) => {
    const [, position = '', digest = '', ending = ''] = /^(\d+)(\w)(!?)$/.exec(word) ?? [];
    if (position === '') return [];
    return [{ position: Number(position), digest, isEnding: ending === '!' }];
  });
}

const isFaulty = test.macro({
  exec: (t, copies: readonly string[], expected: Readonly<Record<string, CopyFault>>) => {
    const named = new Map(copies.map((text, index) => [`n${index + 1}`, copyOf(text)]));
    t.deepEqual(Object.fromEntries(compareCopies(named)), expected);
  },
  title: (title = '') => title,
});

const first = (position: number, records = 1) => ({ records, first: position });

test('equal copies have no fault', isFaulty, ['1a 2b', '1a 2b', '1a 2b'], {});
test('a copy that lacks records is at fault', isFaulty, ['1a 2b 3c', '1a', '1a 2b 3c'], {
  n2: first(2, 2),
});
test('two of three that lack a record are at fault', isFaulty, ['1a', '1a 2b', '1a'], {
  n1: first(2),
  n3: first(2),
});
test('two that lack different records are both at fault', isFaulty, ['1a', '2b', '1a 2b'], {
  n1: first(2),
  n2: first(1),
});
test('the other content of one of three is at fault', isFaulty, ['1a', '1b', '1a'], {
  n2: first(1),
});
test('of two contents without a majority both are at fault', isFaulty, ['1a', '1b'], {
  n1: first(1),
  n2: first(1),
});
test('a record that may expire now may be gone', isFaulty, ['1a 2b!', '1a', '1a 2b!'], {});
test('a record that is gone everywhere is nobody’s fault', isFaulty, ['1a 3c', '1a 3c'], {});
