import { subjects } from '@zameni/contracts';
import { createDigests, toClaimLayout } from '@zameni/runtime';
import test from 'ava';
import { findSubjects } from './deleted-subjects.ts';

const keys = new Map(['1', '2-0f1e2d3c'].map((id, n) => [id, Buffer.alloc(32, n)]));
const layers = [...keys.keys()];
const claim = createDigests({ current: '1', keys, layers }).claimOf('vera@example.org');
const first = subjects.claim(claim);
const later = toClaimLayout({ current: '2-0f1e2d3c', keys, layers }).placeOf(claim).believed;
const key = subjects.key('0198f2d0-0000-7000-8000-000000000001');
const deletion = subjects.deletion('0198f2d0-0000-4000-8000-000000000002');
const wish = subjects.mailWish('0198f2d0-0000-4000-8000-000000000003');
const farewell = subjects.farewell('0198f2d0-0000-7000-8000-000000000006');
const id = '0198f2d0-0000-7000-8000-000000000004';
const attempt = subjects.attempt(id);
const other = subjects.attempt('0198f2d0-0000-7000-8000-000000000005');

test('finds keys, claims, deletion records, mail wishes and farewells, with any pepper', (t) => {
  const file = `\0\x8a${first}NATS/1.0\r\n${later}\0{}${key}\xff{"kek":"1"}${deletion}${wish}${farewell}{}`;
  t.deepEqual(findSubjects(file), [first, later, key, deletion, wish, farewell]);
});

test('ignores subjects of accounts, because their events stay', (t) => {
  t.deepEqual(findSubjects(subjects.account(id)), []);
});

const headers = `NATS/1.0\r\nNats-Expected-Last-Subject-Sequence-Subject: zameni.*.${id}\r\n\r\n`;
const open = '\0{"state":"open","claim":"c"}';
const closed = '\0{"state":"closed","attempt":7,"by":"proof"}';

test('finds an attempt before its open record, also with headers in between', (t) => {
  t.deepEqual(findSubjects(`${attempt}${headers}${open}`), [attempt]);
  t.deepEqual(findSubjects(`${attempt}\0\0${open}\xff${other}${open}`), [attempt, other]);
});

test('does not take a closing record for an open one', (t) => {
  t.deepEqual(findSubjects(`${attempt}${headers}${closed}`), []);
  t.deepEqual(findSubjects(`${attempt}${closed}${other}${open}`), [other]);
});
