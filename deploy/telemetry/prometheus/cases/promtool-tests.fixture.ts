import { stringify } from 'yaml';
import type { Alert } from '../alert.ts';
import { ALERTS } from '../all-alerts.ts';
import { toRule } from '../rule-files.ts';
import type { AlertCase, TestSeries } from './alert-case.fixture.ts';
import { BUDGET_CASES } from './budget-cases.fixture.ts';
import { LOG_CASES } from './log-cases.fixture.ts';
import { MAIL_CASES, PROJECTION_CASES } from './projection-cases.fixture.ts';
import { READ_CASES } from './read-cases.fixture.ts';
import { RESOURCE_CASES } from './resource-cases.fixture.ts';
import { SERVER_CASES } from './server-cases.fixture.ts';

/** What each alert must do, by the rule file that holds it. */
export const ALERT_CASES: Readonly<Record<string, readonly AlertCase[]>> = {
  budgets: BUDGET_CASES,
  log: LOG_CASES,
  projection: PROJECTION_CASES,
  mail: MAIL_CASES,
  reads: READ_CASES,
  servers: SERVER_CASES,
  resources: RESOURCE_CASES,
};

const AT_MINUTES = 20;
const LONG_MINUTES = 120;

/**
 * Writes cases as promtool reads them. Each alert fires with its texts filled in, does not fire at
 * the first sight of the fault, and is silent where nothing is wrong.
 */
export function renderPromtoolTests(ruleFile: string, cases: readonly AlertCase[]): string {
  const last = Math.max(...cases.map(({ atMinutes = AT_MINUTES }) => atMinutes));
  const document = {
    rule_files: [ruleFile],
    // Long windows cost much to evaluate. Alerts over them need no look in each minute.
    evaluation_interval: last > LONG_MINUTES ? '20m' : '1m',
    tests: cases.flatMap(toTests),
  };
  return stringify(document, { aliasDuplicateObjects: false });
}

function toTests(example: AlertCase): object[] {
  const alert = ALERTS.find(({ name }) => name === example.alert);
  if (alert === undefined) throw new Error(`there is no alert ${example.alert}`);
  const at = `${example.atMinutes ?? AT_MINUTES}m`;
  const fired = [expected(alert, example.labels ?? {})];
  const { fires, alsoFires } = example;
  return [
    ...(alsoFires === undefined ? [fires] : [fires, alsoFires]).map((series) =>
      toTest(example, series, [
        { eval_time: '0m', alertname: alert.name, exp_alerts: [] },
        { eval_time: at, alertname: alert.name, exp_alerts: fired },
      ]),
    ),
    ...example.silent.map((series) =>
      toTest(example, series, [{ eval_time: at, alertname: alert.name, exp_alerts: [] }]),
    ),
  ];
}

function toTest(
  { everySeconds = 60 }: AlertCase,
  series: TestSeries,
  expectations: readonly object[],
): object {
  return {
    interval: `${everySeconds}s`,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: expectations,
  };
}

function expected(alert: Alert, labels: Readonly<Record<string, string>>): object {
  const rule = toRule(alert);
  const fill = (text: string) =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '');
  return {
    exp_labels: { ...labels, ...rule.labels },
    exp_annotations: Object.fromEntries(
      Object.entries(rule.annotations).map(([name, text]) => [name, fill(text)]),
    ),
  };
}
