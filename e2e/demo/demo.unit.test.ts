import test from 'ava';
import { ownPeople, readPeople } from './people.ts';
import { summarizeDemo } from './summary.ts';

const people = readPeople();

test('each run has addresses and keys of its own, and as many', (t) => {
  const [first, second] = [ownPeople(people, 'd00000001'), ownPeople(people, 'd00000002')];
  const all = [...people, ...first, ...second];
  t.is(new Set(all.map(({ idempotencyKey }) => idempotencyKey)).size, 3 * people.length);
  t.is(new Set(all.map(({ body }) => body.email.trim().toLowerCase())).size, 3 * people.length);
  for (const { body } of first) {
    t.true(Buffer.byteLength(body.email.trim()) <= 254);
    t.regex(body.email, /@d00000001/);
  }
});

test('a summary counts what is readable, awaits proof and was refused, by code', (t) => {
  const text = summarizeDemo(
    {
      accepted: 8,
      readBack: 7,
      awaitingProof: 1,
      refused: { 'address-taken': 1, overloaded: 1 },
      faults: [
        'line 1: refused with address-taken',
        'line 2: refused with overloaded',
        'line 3: differs in email',
      ],
      accept: { p50: 1, p99: 2, max: 2 },
      acceptToReadable: { p50: 3, p99: 4, max: 4 },
      seconds: 1,
    },
    10,
  );
  t.regex(text, /^accepted {12}8 of 10$/m);
  t.regex(text, /^became readable {5}7 of 10$/m);
  t.regex(text, /^read back as sent {3}6 of 10$/m);
  t.regex(text, /^await proof {9}1$/m);
  t.regex(text, /^refused {13}2 \(1 address-taken, 1 overloaded\)$/m);
  t.regex(text, /^line 1: refused with address-taken$/m);
});
