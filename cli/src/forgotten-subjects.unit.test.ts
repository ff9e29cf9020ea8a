import { subjects } from '@zameni/contracts';
import { createDigests, toClaimLayout } from '@zameni/runtime';
import test from 'ava';
import { findSubjects } from './forgotten-subjects.ts';

const keys = new Map(['1', '2-0f1e2d3c'].map((id, n) => [id, Buffer.alloc(32, n)]));
const layers = [...keys.keys()];
const claim = createDigests({ current: '1', keys }).claimOf('vera@example.org');
const first = subjects.claim(claim);
const later = toClaimLayout({ current: '2-0f1e2d3c', keys, layers }).placeOf(claim).believed;
const key = subjects.key('0198f2d0-0000-7000-8000-000000000001');
const forget = subjects.forget('0198f2d0-0000-4000-8000-000000000002');

test('subjects of keys, claims and forget records are found in the bytes of a file, under any pepper', (t) => {
  const file = `\0\x8a${first}NATS/1.0\r\n${later}\0{}${key}\xff{"kek":"1"}${forget}`;
  t.deepEqual(findSubjects(file), [first, later, key, forget]);
});

test('subjects of accounts are not: their events stay', (t) => {
  t.deepEqual(findSubjects(subjects.account('0198f2d0-0000-7000-8000-000000000001')), []);
});
