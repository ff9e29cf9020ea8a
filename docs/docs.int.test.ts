import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, FIELD_CODES, PROBLEM_STATUS } from '@zameni/contracts';
import test from 'ava';
import { documentTelemetry } from './telemetry/document.ts';

const root = join(import.meta.dirname, '..');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  'docs/errors.md',
  'docs/telemetry.md',
  'docs/observability.md',
  'docs/security.md',
  'deploy/runbook.md',
  'fixtures/README.md',
];
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map((entry) => entry.name);

for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8');

  test(`${document} names only files that exist`, (t) => {
    const named = [...text.matchAll(/`([a-z-]+\/[\w./-]*)`/g)].map((match) => match[1] ?? '');
    const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    const ours = named.filter((path) => folders.includes(path.split('/')[0] ?? ''));
    const lost = [
      ...ours.filter((path) => !existsSync(join(root, path))),
      ...linked.filter((path) => !existsSync(join(root, document, '..', path))),
    ];
    t.deepEqual(lost, []);
  });

  test(`${document} names only scripts that exist`, (t) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
    t.deepEqual(
      named.filter((name) => !Object.hasOwn(scripts, name)),
      [],
    );
  });
}

test('docs/errors.md lists every code, with its status and meaning, and no other', (t) => {
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const codes = Object.entries(ERROR_CODES).map(
    ([code, title]) =>
      `| \`${code}\` | ${PROBLEM_STATUS[code as keyof typeof ERROR_CODES]} | ${title} |`,
  );
  const fields = Object.entries(FIELD_CODES).map(([code, title]) => `| \`${code}\` | ${title} |`);
  t.deepEqual(rows, [...codes, ...fields]);
});

test('docs/security.md names a test for each requirement, by its title', (t) => {
  const text = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const section = text.split('## Requirements and tests')[1]?.split('## Not met')[0] ?? '';
  const rows = section.split('\n').filter((line) => /^\| \d/.test(line));
  t.true(rows.length > 20);
  const lost = rows.filter((row) => {
    const [, file = '', title = ''] = /`([^`]+\.test\.ts)`: (.+) \|$/.exec(row) ?? [];
    return title === '' || !titlesIn(file).some((text) => text.includes(title));
  });
  t.deepEqual(lost, []);
});

/**
 * The titles of the tests of a file: none of a comment or a skipped test. `when…` runs a test where the
 * machine can.
 */
function titlesIn(file: string): string[] {
  const title = /^ *(?:(?:test(?:\.serial)?|when[A-Z]\w*)\(|title: \(.*\) =>)\s*(['"`])(.+?)\1,/gm;
  return [...readFileSync(join(root, file), 'utf8').matchAll(title)].map(([, , text = '']) => text);
}

test('DECISIONS.md has the sections of each topic in the order of its index', (t) => {
  const topics = readFileSync(join(root, 'DECISIONS.md'), 'utf8').split(/^## /m);
  const numbersIn = (text: string, number: RegExp) =>
    [...text.matchAll(number)].map((match) => match[1]);
  const rows = topics.flatMap((text) => text.match(/^\| \[.+\]\(#.+\) \| .+ \|$/gm) ?? []);
  t.true(rows.length > 5);
  for (const row of rows) {
    const [, name = '', decisions = ''] = /^\| \[(.+)\]\(#.+\) \| (.+) \|$/.exec(row) ?? [];
    const topic = topics.find((text) => text.startsWith(`${name}\n`)) ?? '';
    t.deepEqual(numbersIn(topic, /^### (\d+)\. /gm), numbersIn(decisions, /(?:^|; )(\d+) /g), name);
  }
});

test('docs/telemetry.md is what `npm run docs` makes of the catalogue', (t) => {
  t.is(readFileSync(join(root, 'docs/telemetry.md'), 'utf8'), documentTelemetry());
});
