import test from 'ava';
import {
  decodeText,
  type ParseRecord,
  parseAttemptData,
  parseAttemptRecord,
  parseClaimRecord,
  parseDeletionRecord,
  parseEventType,
  parseFarewell,
  parseKeyRecord,
  parseMailWish,
  parseOrThrow,
} from './parse-record.ts';

const id = '0198a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b';
const claim = 'k'.repeat(43);
const time = '2026-11-22T10:00:00.000Z';
const key = { kek: '1', version: 1, wrapped: 'AAAA' };
const toBytes = (text: string) => new TextEncoder().encode(text);

const parses = test.macro<[ParseRecord<object>, object]>({
  title: (title = '') => `parses ${title} from bytes and from text, and nothing else`,
  exec: (t, parse, record) => {
    const text = JSON.stringify(record);
    t.deepEqual(parse(toBytes(text)), record);
    t.deepEqual(parse(text), record);
    const [first = ''] = Object.keys(record);
    const others = ['', 'null', '[]', 'person@example.org', text.slice(1), '{}'];
    for (const other of [...others, JSON.stringify({ ...record, [first]: 0 })]) {
      t.is(parse(other), undefined, other);
      t.is(parse(toBytes(other)), undefined, other);
    }
  },
});

test('a claim', parses, parseClaimRecord, { state: 'held', userId: id, verified: true });
test('an attempt', parses, parseAttemptRecord, {
  state: 'closed',
  attempt: 7,
  expiresAt: time,
  by: 'erasure',
});
test('a key', parses, parseKeyRecord, key);
test('a deletion record', parses, parseDeletionRecord, {
  claims: [claim],
  people: [id],
  attempts: [{ id, upTo: 5 }],
  addresses: [claim],
});
test('the data of an attempt', parses, parseAttemptData, {
  email: 'vera@example.org',
  displayName: 'Vera Marković',
  termsVersion: '2026-01',
  profile: { city: 'Niš' },
});
test('the type of an event', parses, parseEventType, { type: 'zameni.account.erased.v12' });

const next = { since: time, nested: { from: 'a later version' } };

test('a record with fields of a later version is read, and keeps them', (t) => {
  const actor = { type: 'anonymous', id: 'public', network: 'x' };
  const open = { state: 'open', claim, locale: 'de', time, expiresAt: time, actor };
  const sealed = { causationId: 'c', key: '2026-11-22', sealed: 'AAAA', retry: 'AAAA' };
  for (const [parse, record] of [
    [parseKeyRecord, key],
    [parseClaimRecord, { state: 'held', userId: id, verified: true }],
    [parseClaimRecord, { state: 'released', by: 'erasure', erasedAt: 4 }],
    [parseAttemptRecord, { ...open, ...sealed }],
    [parseMailWish, { claim, time }],
    [parseFarewell, { time, locale: 'de', key: '2026-11-22', sealed: 'AAAA' }],
  ] as const) {
    t.deepEqual(parse(JSON.stringify({ ...record, ...next })), { ...record, ...next });
  }
});

test('a state of a later version is not read', (t) => {
  t.is(parseClaimRecord(JSON.stringify({ state: 'lent', userId: id })), undefined);
  t.is(parseAttemptRecord(JSON.stringify({ state: 'paused', attempt: 7 })), undefined);
});

test('what would be lost with a field of a later version is not read', (t) => {
  const deletion = { claims: [], people: [id], attempts: [], addresses: [] };
  t.is(parseDeletionRecord(JSON.stringify({ ...deletion, files: ['a'] })), undefined);
  const data = { email: 'a@example.org', displayName: 'A', termsVersion: '1', profile: {} };
  t.is(parseAttemptData(JSON.stringify({ ...data, phone: '1' })), undefined);
});

test('a record that must be readable is returned', (t) => {
  const data = toBytes(JSON.stringify(key));
  t.deepEqual(parseOrThrow(parseKeyRecord, { data, position: 7 }), key);
});

test('an unreadable record is an error that quotes nothing of it', (t) => {
  const data = 'vera@example.org';
  const error = t.throws(() => parseOrThrow(parseKeyRecord, { data, position: 7 }));
  t.is(error.name, 'UnreadableRecordError');
  t.is(error.message, 'the record at position 7 cannot be read');
  t.is(error.cause, undefined);
});

test('the error of a record that is not appended yet names no position', (t) => {
  const error = t.throws(() => parseOrThrow(parseKeyRecord, { data: '{}', position: undefined }));
  t.is(error.message, 'the record at position unknown cannot be read');
});

test('decodes every byte as a Buffer does', (t) => {
  for (const bytes of [
    Buffer.from('Niš \u{1F600}'),
    Buffer.from('\uFEFF{}'),
    Buffer.from([0x61, 0xff, 0xc5]),
    Buffer.from('abcdef').subarray(2, 4),
  ]) {
    t.is(decodeText(bytes), bytes.toString());
  }
});
