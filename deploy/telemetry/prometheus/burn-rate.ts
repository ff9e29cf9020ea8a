import type { Alert, Severity } from './alert.ts';
import { gatewayFaultRate } from './gateway-faults.ts';
import { SLOS, type Slo } from './slos.ts';

/** A rule that records the value of an expression under a name. */
export type RecordingRule = { readonly record: string; readonly expr: string };

/** A pair of windows, and how many times too fast the budget burns in both of them. */
type Burn = {
  readonly name: 'Fast' | 'Medium' | 'Slow';
  readonly short: string;
  readonly long: string;
  readonly longSeconds: number;
  readonly rate: number;
  readonly severity: Severity;
  readonly forSeconds: number;
};

/**
 * Multi-window, multi-burn-rate alerts as Google's "Site Reliability Workbook" (chapter 5) has them.
 * At a rate of 14.4, two percent of the budget of a month are gone in one hour. The short window
 * ends the alert soon after the cause.
 */
const BURNS: readonly Burn[] = [
  {
    name: 'Fast',
    short: '5m',
    long: '1h',
    longSeconds: 3_600,
    rate: 14.4,
    severity: 'page',
    forSeconds: 60,
  },
  {
    name: 'Medium',
    short: '30m',
    long: '6h',
    longSeconds: 21_600,
    rate: 6,
    severity: 'page',
    forSeconds: 300,
  },
  {
    name: 'Slow',
    short: '2h',
    long: '1d',
    longSeconds: 86_400,
    rate: 3,
    severity: 'ticket',
    forSeconds: 900,
  },
];

/** Fewer bad events than this in the long window are chance, not a trend, where load is low. */
const MIN_BAD_EVENTS = 10;

/** The rules that alerts and dashboards share: events, bad ones, and their share, over each window. */
export function budgetRules(): RecordingRule[] {
  const windows = BURNS.flatMap(({ short, long }) => [short, long]);
  return SLOS.flatMap((slo) => windows.flatMap((window) => rulesOf(slo, window)));
}

/** One alert for each promise and pair of windows. */
export function budgetAlerts(): Alert[] {
  return SLOS.flatMap((slo) => BURNS.map((burn) => toAlert(slo, burn)));
}

/** The recorded share of bad events of a promise. */
export function badRatio(key: Slo['key'], window: string): string {
  return `zameni:${key}_bad:ratio_rate${window}`;
}

function badRate(key: Slo['key'], window: string): string {
  return `zameni:${key}_bad:rate${window}`;
}

function eventRate(key: Slo['key'], window: string): string {
  return `zameni:${key}_events:rate${window}`;
}

function rulesOf(slo: Slo, window: string): RecordingRule[] {
  const { key, good } = slo;
  const events = eventRate(key, window);
  return [
    { record: events, expr: countEvents(slo, window) },
    {
      record: badRate(key, window),
      // Without any good event there is no series of them.
      expr: `${events} - (sum(rate(${good}[${window}])) or vector(0))`,
    },
    { record: badRatio(key, window), expr: `${badRate(key, window)} / ${events}` },
  ];
}

/** A service that is gone counts nothing. Then the gateway counts the requests that it refuses. */
function countEvents({ all, gateway }: Slo, window: string): string {
  const counted = `sum(rate(${all}[${window}]))`;
  if (gateway === undefined) return counted;
  return `(${counted} or vector(0)) + (${gatewayFaultRate(window, gateway)} or vector(0))`;
}

function toAlert(slo: Slo, burn: Burn): Alert {
  const { key } = slo;
  const limit = Number((burn.rate * (1 - slo.objective)).toPrecision(6));
  return {
    name: `${key.charAt(0).toUpperCase()}${key.slice(1)}BudgetBurns${burn.name}`,
    severity: burn.severity,
    expr: () =>
      [
        `${badRatio(key, burn.long)} > ${limit}`,
        `${badRatio(key, burn.short)} > ${limit}`,
        `${badRate(key, burn.long)} * ${burn.longSeconds} >= ${MIN_BAD_EVENTS}`,
      ].join(' and '),
    forSeconds: burn.forSeconds,
    summary: `The error budget of "${key}" burns ${burn.rate} times too fast`,
    description: `${slo.promise}. ${100 * slo.objective} % are promised; over ${burn.long} and ${burn.short}, more than ${Number((100 * limit).toPrecision(3))} % were not so.`,
    runbook: slo.runbook,
    panel: slo.panel,
  };
}
