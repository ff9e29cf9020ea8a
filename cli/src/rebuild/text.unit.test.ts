import { READ_MODELS } from '@zameni/contracts';
import test from 'ava';
import { createMemoryScreen } from '../framework/io.fixture.ts';
import { comparison, versionOf } from './port.fixture.ts';
import type { RebuildReport } from './reports.ts';
import { toText } from './text.ts';

const COLUMNS = 80;

/** Formats a report for a reader without colours. */
function format(outcome: RebuildReport['outcome'], ...versions: RebuildReport['versions']) {
  return toText({ outcome, versions }, createMemoryScreen());
}

const [table] = comparison.tables;
const equal = { onlyLive: 0, differing: 0, columns: {}, newColumns: [], examples: [] };
const all = [...READ_MODELS];
const rebuilt = versionOf(12, {
  selected: all,
  carriedPosition: 120_000,
  comparison: {
    isDone: true,
    isEqual: true,
    tables: table === undefined ? [] : [{ ...table, ...equal }],
  },
});

test('a switch says what was compared, what was copied and how to return', (t) => {
  t.is(
    format('switched', rebuilt),
    `done Readers see version 12 of the read models.
table  rows  only live  only new  other values
users  1000  0          0         0
Copied from the live version, up to position 120000:
  counts of accepted registrations, as attempts do not stay in the log
The version before is kept: --back returns to it, --drop-old deletes it.
`,
  );
});

test('what was copied depends on what was filled, and on there being anything', (t) => {
  const copied = (selected: typeof all, carriedPosition: number | null = 40) =>
    format('switched', { ...rebuilt, selected, carriedPosition })
      .split('\n')
      .filter((line) => line.startsWith('  ') || line.startsWith('Copied'));
  const title = 'Copied from the live version, up to position 40:';
  const counts = '  counts of accepted registrations, as attempts do not stay in the log';
  t.deepEqual(copied(['users']), [title, '  attempts', '  registration_stats']);
  t.deepEqual(copied(['registration_stats']), [title, '  users', '  attempts', counts]);
  t.deepEqual(copied(all, 0), []);
  t.deepEqual(copied(all, null), []);
});

test('differences come with columns, keys and what to do', (t) => {
  t.is(
    format('differs', versionOf(7, { state: 'differs', comparison })),
    `differs Version 7 is not the same as the live version.
table  rows  only live  only new  other values
users  1000  1          0         2
users: columns of one version
  phone
users: other values
  display_name in 2
users: for example
  01980000-0000-7000-8000-000000000001
  evil\\u{1b}[2J
If the changed code explains this: npx zameni rebuild --accept REASON
If not: npx zameni rebuild --cancel
`,
  );
});

test('a table without differences is a row only', (t) => {
  const tables = [{ ...equal, table: 'attempts', rows: 3, onlyNew: 0 }, ...comparison.tables];
  const text = format('differs', versionOf(7, { comparison: { ...comparison, tables } }));
  t.is(text.match(/^attempts/gm)?.length, 1);
});

test('the other outcomes are a line', (t) => {
  t.is(format('went-back', versionOf(3)), 'Readers see version 3 again.\n');
  t.is(format('cancelled', versionOf(4)), 'The rebuild of version 4 is cancelled.\n');
  t.is(format('dropped', versionOf(1), versionOf(2)), 'Dropped: version 1, 2.\n');
  t.is(format('dropped'), 'No version is kept.\n');
});

test('no line is wider than a terminal, however large the tables are', (t) => {
  const names = ['registration_stats', 'address_owner', 'attempts', 'users'];
  const tables = names.map((name) => ({
    table: name,
    rows: 123_456_789,
    onlyLive: 12_345_678,
    onlyNew: 12_345_678,
    differing: 12_345_678,
    columns: Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`email_verified_${n}`, 12_345_678]),
    ),
    newColumns: Array.from({ length: 12 }, (_, n) => `another_column_${n}`),
    examples: ['k1'.padEnd(43, '_'), '2026-03-04 05:06:00+00 sr-Latn-RS'],
  }));
  const fields = { comparison: { ...comparison, tables }, selected: all };
  const version = versionOf(1_234, { ...fields, carriedPosition: 123_456_789_012 });
  for (const outcome of ['switched', 'differs', 'went-back', 'cancelled', 'dropped'] as const) {
    const wide = format(outcome, version)
      .split('\n')
      .filter((line) => line.length >= COLUMNS);
    t.deepEqual(wide, [], outcome);
  }
});

test('names and keys of the answer cannot control the terminal', (t) => {
  const evil = '\u001b[2J\n\u202e\u0007';
  const hostile = {
    table: evil,
    rows: 1,
    onlyLive: 1,
    onlyNew: 1,
    differing: 1,
    columns: { [evil]: 1 },
    newColumns: [evil],
    examples: [evil],
  };
  const version = versionOf(7, { comparison: { ...comparison, tables: [hostile] } });
  for (const outcome of ['switched', 'differs'] as const) {
    const text = format(outcome, version);
    t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\u202e]/u, outcome);
  }
  t.is(format('differs', version).match(/\\u\{1b\}\[2J\\u\{a\}\\u\{202e\}\\u\{7\}/g)?.length, 7);
});

test('colours are for readers that show them', (t) => {
  const screen = createMemoryScreen({ hasColors: true });
  const report = { outcome: 'differs', versions: [versionOf(7, { comparison })] } as const;
  t.true(toText(report, screen).startsWith('\u001b[33mdiffers\u001b[39m Version 7'));
});
