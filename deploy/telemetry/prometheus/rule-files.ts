import { stringify } from 'yaml';
import { panelPath } from '../grafana/panel-path.ts';
import { type Alert, toDuration } from './alert.ts';
import { ALERT_GROUPS } from './all-alerts.ts';
import { budgetRules } from './burn-rate.ts';

/** How rules differ from those of a deployment. */
export type RuleOptions = {
  /**
   * Multiplies every time that somebody would have to wait for: `for`, lags and ages. A test uses
   * 0.1. Windows of rates stay, because they follow from the interval between scrapes.
   */
  readonly scale?: number;
};

/** A rule as Prometheus reads it. */
export type AlertingRule = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<'severity' | 'system', string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/** The rule files, by name: one for each topic. That of the budgets records their shares too. */
export function createRuleFiles(options: RuleOptions = {}): Record<string, string> {
  const { scale = 1 } = options;
  return Object.fromEntries(
    Object.entries(ALERT_GROUPS).map(([name, alerts]) => {
      const recorded = name === 'budgets' ? budgetRules() : [];
      const rules = [...recorded, ...alerts.map((alert) => toRule(alert, scale))];
      return [`${name}.yaml`, toYaml([{ name: `zameni-${name}`, rules }])];
    }),
  );
}

/** An alert as Prometheus reads it. */
export function toRule(alert: Alert, scale = 1): AlertingRule {
  return {
    alert: alert.name,
    expr: alert.expr((seconds) => Number((seconds * scale).toPrecision(6))),
    for: toDuration(alert.forSeconds * scale),
    labels: { severity: alert.severity, system: 'zameni' },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook: `deploy/runbook.md#${alert.runbook}`,
      panel: panelPath(alert.panel),
    },
  };
}

function toYaml(groups: readonly object[]): string {
  return `# Written by \`npm run telemetry:files\`. Change the TypeScript beside it.\n${stringify({ groups }, { lineWidth: 0 })}`;
}
