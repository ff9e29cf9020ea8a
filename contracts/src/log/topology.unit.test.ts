import test from 'ava';
import { ACCOUNTS_STREAM, recordKind, subjectFilters, subjects } from './topology.ts';

const id = '0198a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b';

/** Whether a subject matches a NATS filter with stars for single parts. */
function isMatch(filter: string, subject: string): boolean {
  const parts = subject.split('.');
  const wanted = filter.split('.');
  return (
    parts.length === wanted.length && wanted.every((part, n) => part === '*' || part === parts[n])
  );
}

const { anyOf, ...ofRecords } = subjects;

for (const [name, toSubject] of Object.entries(ofRecords)) {
  test(`records of ${name} lie in the stream under one of its subjects`, (t) => {
    const subject = toSubject(id);
    t.is(ACCOUNTS_STREAM.subjects.filter((filter) => isMatch(filter, subject)).length, 1);
    t.not(recordKind(subject), undefined);
  });
}

test('the subject identifies the kind of a record', (t) => {
  const kinds = Object.values(ofRecords).map((toSubject) => recordKind(toSubject(id)));
  t.is(new Set(kinds).size, ACCOUNTS_STREAM.subjects.length);
  for (const subject of ['', 'zameni', 'zameni.forget.1', 'other.claim.1', 'zameni.__proto__.1']) {
    t.is(recordKind(subject), undefined, subject);
  }
});

test('the filter of an id matches every record of that id, of any kind, and no other', (t) => {
  // It matches wishes and deletions too, but their random ids never collide. A claim has no id.
  const { claim, ...ofIds } = ofRecords;
  for (const [name, toSubject] of Object.entries(ofIds)) {
    t.true(isMatch(anyOf(id), toSubject(id)), name);
    t.false(isMatch(anyOf(id), toSubject(id.replace(/.$/, '0'))), name);
  }
  t.false(isMatch(anyOf(id), claim('k'.repeat(43))));
});

test('readers’ filters are subjects of the stream', (t) => {
  const all: readonly string[] = ACCOUNTS_STREAM.subjects;
  for (const filter of Object.values(subjectFilters)) t.true(all.includes(filter), filter);
});
