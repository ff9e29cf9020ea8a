import { readFile } from 'node:fs/promises';
import test from 'ava';
import { parse } from 'yaml';
import { toAnchor } from '../files/anchor.ts';
import { ALERTS } from './all-alerts.ts';
import { ALERT_CASES } from './cases/promtool-tests.fixture.ts';
import { createRuleFiles, toRule } from './rule-files.ts';

const RUNBOOK = new URL('../../runbook.md', import.meta.url);

test('names of alerts are unique', (t) => {
  t.is(new Set(ALERTS.map(({ name }) => name)).size, ALERTS.length);
});

test('every alert has a case in which it fires and one in which it does not', (t) => {
  const cases = Object.values(ALERT_CASES).flat();
  for (const { name } of ALERTS) {
    const [example, ...others] = cases.filter(({ alert }) => alert === name);
    t.true(example !== undefined && example.silent.length > 0 && others.length === 0, name);
  }
  t.is(cases.length, ALERTS.length);
});

test('every alert names an entry of the runbook, and the entry names the alert', async (t) => {
  const entries = entriesOf(await readFile(RUNBOOK, 'utf8'));
  for (const { name, runbook } of ALERTS) {
    t.true(entries.get(runbook)?.includes(`\`${name}\``), `${name}: ${runbook}`);
  }
});

test('texts of alerts show labels, and no value that could be of a person', (t) => {
  for (const { summary, description } of ALERTS) {
    t.false(/\$value|\$labels\.(?!\w+ \}\})/.test(summary + description), summary);
    t.true(summary.length <= 110 && !summary.endsWith('.'), summary);
  }
});

test('a scale shortens `for` and lags, and no window of a rate', (t) => {
  const lags = ALERTS.find(({ name }) => name === 'ReadModelLags');
  if (lags === undefined) return t.fail();
  t.like(toRule(lags, 1), {
    expr: 'max(zameni_read_model_lag_duration_seconds) > 10',
    for: '120s',
  });
  t.like(toRule(lags, 0.05), {
    expr: 'max(zameni_read_model_lag_duration_seconds) > 0.5',
    for: '6s',
  });
  t.is(createRuleFiles()['budgets.yaml'], createRuleFiles({ scale: 1 })['budgets.yaml']);
});

/** The longest interval between two scrapes for which the rules are made; docs/observability.md. */
const MAX_SCRAPE_SECONDS = 30;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

test('no rate is over less than four scrapes, so that one may be missing', (t) => {
  const text = Object.values(createRuleFiles()).join('');
  const windows = [...text.matchAll(/\[(\d+)([smhd])\]/g)];
  t.true(windows.length > 50);
  for (const [window, count, unit = ''] of windows) {
    t.true(Number(count) * (UNIT_SECONDS[unit] ?? 0) >= 4 * MAX_SCRAPE_SECONDS, window);
  }
});

test('rule files hold every alert once', (t) => {
  const files: { groups: { rules: { alert?: string }[] }[] }[] = Object.values(
    createRuleFiles(),
  ).map((text) => parse(text));
  const names = files.flatMap(({ groups }) =>
    groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])),
  );
  t.deepEqual(names.toSorted(), ALERTS.map(({ name }) => name).toSorted());
});

/** The texts below each heading, by the anchor that GitHub makes of the heading. */
function entriesOf(markdown: string): Map<string, string> {
  return new Map(
    markdown
      .split(/^## /m)
      .slice(1)
      .map((entry) => {
        const [heading = '', ...text] = entry.split('\n');
        return [toAnchor(heading), text.join('\n')];
      }),
  );
}
