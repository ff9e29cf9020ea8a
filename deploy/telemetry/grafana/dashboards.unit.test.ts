import { readFile } from 'node:fs/promises';
import test from 'ava';
import { toAnchor } from '../files/anchor.ts';
import { DASHBOARDS } from './all-dashboards.ts';
import { buildDashboard } from './build-dashboard.ts';
import { queries } from './queries.ts';

const panels = DASHBOARDS.flatMap((dashboard) =>
  dashboard.rows.flatMap((row) => row.panels.map((panel) => ({ dashboard, panel }))),
);

test('uids of dashboards are unique, and so are ids and keys of panels in each', (t) => {
  t.is(new Set(DASHBOARDS.map(({ uid }) => uid)).size, DASHBOARDS.length);
  for (const { rows, title } of DASHBOARDS) {
    const own = rows.flatMap((row) => row.panels);
    t.is(new Set(own.map(({ id }) => id)).size, own.length, title);
    t.is(new Set(own.map(({ key }) => key)).size, own.length, title);
  }
});

test('every panel says what it shows and has a query', (t) => {
  for (const { panel } of panels) {
    t.true(panel.description.endsWith('.'), panel.title);
    t.true(panel.queries.length > 0, panel.title);
  }
});

test('the links of panels name entries of the runbook', async (t) => {
  const runbook = await readFile(new URL('../../runbook.md', import.meta.url), 'utf8');
  const anchors = new Set(
    [...runbook.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => toAnchor(heading)),
  );
  for (const { dashboard, panel } of panels) {
    const { runbook } = panel;
    if (runbook !== undefined) t.true(anchors.has(runbook), `${dashboard.key}/${panel.key}`);
  }
});

test('queries are ready for Prometheus: no variable of Grafana is left', (t) => {
  const all = queries();
  t.true(all.length > 80);
  for (const { name, expr } of all) t.false(expr.includes('$'), `${name}: ${expr}`);
});

test('a model keeps the ids of its panels', (t) => {
  for (const dashboard of DASHBOARDS) {
    const model = JSON.parse(buildDashboard(dashboard)) as {
      panels: { id: number; type: string }[];
    };
    t.deepEqual(
      model.panels.filter(({ type }) => type !== 'row').map(({ id }) => id),
      dashboard.rows.flatMap((row) => row.panels.map(({ id }) => id)),
    );
  }
});
