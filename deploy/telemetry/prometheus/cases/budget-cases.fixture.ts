import { SLOS, type Slo } from '../slos.ts';
import type { AlertCase, TestSeries } from './alert-case.fixture.ts';

const BURNS = [
  { name: 'Fast', badPercent: 2, belowPercent: 1 },
  { name: 'Medium', badPercent: 1, belowPercent: 0.4 },
  { name: 'Slow', badPercent: 0.4, belowPercent: 0.2 },
] as const;

/** For each promise and burn rate: it fires just above its rate, and not just below. */
export const BUDGET_CASES: readonly AlertCase[] = SLOS.flatMap((slo) =>
  BURNS.map(({ name, badPercent, belowPercent }) => ({
    alert: `${slo.key.charAt(0).toUpperCase()}${slo.key.slice(1)}BudgetBurns${name}`,
    fires: events(slo, badPercent),
    silent: [events(slo, belowPercent), overBy(slo), few(slo)],
    // The cause is over for longer than every short window.
    atMinutes: 160,
  })),
);

/** A thousand events a minute, of which a share is bad. */
function events(slo: Slo, badPercent: number): TestSeries {
  return seriesOf(slo, '0+1000x170', `0+${1_000 - 10 * badPercent}x170`);
}

/** Everything was bad for half an hour, and nothing since. */
function overBy(slo: Slo): TestSeries {
  return seriesOf(slo, '0+1000x170', '0x30 1000+1000x140');
}

/** One bad event of ten in an hour is chance. */
function few(slo: Slo): TestSeries {
  return seriesOf(slo, '0x140 10x30', '0x140 9x30');
}

function seriesOf({ all, good }: Slo, allValues: string, goodValues: string): TestSeries {
  return { [toLabels(all)]: allValues, [toLabels(good)]: goodValues };
}

/** A series that a selector selects: with a value for each of its regular expressions. */
function toLabels(selector: string): string {
  return selector
    .replace('=~"POST|PATCH"', '="POST"')
    .replace('=~"/v1/(registrations|email-verifications|users/).*"', '="/v1/registrations"')
    .replace('=~"/v1/.+"', '="/v1/users/{id}"')
    .replace('!~"5.."', '="200"')
    .replace('=~"1|1.0"', '="1"');
}
