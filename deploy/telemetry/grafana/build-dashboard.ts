import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { SERVER_SERIES } from '../prometheus/server-series.ts';
import { buildPanel } from './build-panel.ts';
import type { Dashboard } from './dashboard.ts';
import { METRICS_SOURCE } from './data-sources.ts';

/** The tag by which the dashboards link to each other. */
const TAG = 'zameni';
/** Row ids begin here, above those of panels. */
const FIRST_ROW_ID = 1_000;

/** Builds the model of a dashboard that Grafana reads, as JSON. */
export function buildDashboard(dashboard: Dashboard): string {
  const builder = new DashboardBuilder(dashboard.title)
    .uid(dashboard.uid)
    .description(dashboard.description)
    .tags([TAG])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .timezone('browser')
    .link(
      new DashboardLinkBuilder('Zameni')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true),
    )
    .withVariable(jobVariable(dashboard.jobs))
    .withVariable(instanceVariable())
    .withVariable(
      new TextBoxVariableBuilder('runbook').label('Runbook at').defaultValue('deploy/runbook.md'),
    );
  for (const [index, row] of dashboard.rows.entries()) {
    builder.withRow(new RowBuilder(row.title).id(FIRST_ROW_ID + index));
    for (const panel of row.panels) builder.withPanel(buildPanel(panel));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function jobVariable(jobs: readonly string[]): QueryVariableBuilder {
  return variable(
    'job',
    'Service',
    `label_values(${SERVER_SERIES.up}{job=~"${jobs.join('|')}"}, job)`,
  );
}

function instanceVariable(): QueryVariableBuilder {
  return variable(
    'instance',
    'Process',
    `label_values(${SERVER_SERIES.up}{job=~"$job"}, instance)`,
  );
}

function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(METRICS_SOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' });
}
