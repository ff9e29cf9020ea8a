import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { toAnchor } from './anchor.ts';
import { generatedFiles } from './generated-files.ts';
import { namesIn, withSeenBy } from './seen-by.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FOLDERS = ['prometheus/rules', 'grafana/provisioning', 'grafana/golden', 'collector/golden'];
const RUNBOOK = new URL('../../runbook.md', import.meta.url);

test('the generated files are those that `npm run telemetry:files` writes', async (t) => {
  for (const [path, text] of Object.entries(generatedFiles())) {
    t.is(await readFile(`${ROOT}${path}`, 'utf8'), text, path);
  }
});

test('the folders of generated files hold nothing else', async (t) => {
  const found = await Promise.all(
    FOLDERS.map(async (folder) => {
      const entries = await readdir(`${ROOT}${folder}`, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length));
    }),
  );
  t.deepEqual(found.flat().toSorted(), Object.keys(generatedFiles()).toSorted());
});

test('the runbook says by which alerts, panels and metrics each entry is seen', async (t) => {
  const text = await readFile(RUNBOOK, 'utf8');
  t.is(withSeenBy(text), text);
});

test('an anchor is made as GitHub makes it', (t) => {
  t.is(toAnchor('503 `overloaded`'), '503-overloaded');
  t.is(toAnchor('An erasure stays `under-way`'), 'an-erasure-stays-under-way');
});

test('an entry is marked once, with names of metrics but not of labels', (t) => {
  const marked = withSeenBy('# R\n\n## A storm of conflicts\n\nText.\n\n## Other\n\nText.\n');
  t.is(withSeenBy(marked), marked);
  t.true(marked.includes('Seen by: alerts `ConflictStorm`; panels "Conflicts" (write); metrics'));
  t.true(marked.includes('`zameni_commit_conflicts_total`'));
  t.false(marked.includes('committer'));
  t.true(marked.endsWith('## Other\n\nText.\n'));
});

test('every query of the runbook names a metric that there is', async (t) => {
  const text = await readFile(RUNBOOK, 'utf8');
  const queries = [...text.matchAll(/'query=([^']+)'/g)].map(([, query = '']) => query);
  t.true(queries.length > 10);
  for (const query of queries) {
    const bare = query.replaceAll(/\{[^}]*\}|by \([^)]*\)/g, '');
    const named = bare.match(/\b(?:up|(?:zameni|nats|pg|pgbouncer|redis|haproxy|http)_\w+)/g) ?? [];
    t.true(named.length > 0, query);
    for (const name of named) t.is(namesIn([name]).length, 1, name);
  }
});
