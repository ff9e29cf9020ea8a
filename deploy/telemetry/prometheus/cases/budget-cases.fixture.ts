import { HARMLESS_PROBLEMS } from '@zameni/runtime/instruments';
import type { Labels } from '../own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { SLOS, type Slo } from '../slos.ts';
import type { AlertCase, TestSeries } from './alert-case.fixture.ts';

const BURNS = [
  { name: 'Fast', badPercent: 2, belowPercent: 1 },
  { name: 'Medium', badPercent: 1, belowPercent: 0.4 },
  { name: 'Slow', badPercent: 0.4, belowPercent: 0.2 },
] as const;

/** For each promise and burn rate: it fires just above its rate, and not just below. */
export const BUDGET_CASES: readonly AlertCase[] = SLOS.flatMap((slo) =>
  BURNS.map(({ name, badPercent, belowPercent }): AlertCase => {
    // The rules of all burn rates count alike, and each case costs time.
    const countsGateway = slo.gateway !== undefined && name === 'Fast';
    return {
      alert: `${slo.key.charAt(0).toUpperCase()}${slo.key.slice(1)}BudgetBurns${name}`,
      fires: events(slo, badPercent),
      ...(countsGateway && { alsoFires: gone(slo) }),
      silent: [
        events(slo, belowPercent),
        overBy(slo),
        few(slo),
        ...(countsGateway ? [askedFor(slo)] : []),
      ],
      // The cause is over for longer than every short window.
      atMinutes: 160,
    };
  }),
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

/** Every process is gone, and since then the gateway answers 503. */
function gone(slo: Slo): TestSeries {
  return {
    ...seriesOf(slo, '0+1000x130 stale', '0+1000x130 stale'),
    [gatewayAnswers(slo, S.gatewayBackendResponses)]: '0x130 0+200x40',
    [gatewayAnswers(slo, S.gatewayServerResponses, { server: 'a-1' })]: '0x170',
  };
}

/** Callers wait as they asked to, and get refusals that they bring about. */
function askedFor(slo: Slo): TestSeries {
  const { all, good } = slo;
  return {
    ...events(slo, 0),
    [toLabels(all, { errorType: HARMLESS_PROBLEMS[0] })]: '0+60x170',
    [toLabels(all, { waited: 'true' })]: '0+60x170',
    [toLabels(good, { waited: 'true' })]: '0x170',
    [gatewayAnswers(slo, S.gatewayBackendResponses)]: '0+60x170',
    [gatewayAnswers(slo, S.gatewayServerResponses, { server: 'a-1' })]: '0+30x170',
    [gatewayAnswers(slo, S.gatewayServerResponses, { server: 'a-2' })]: '0+30x170',
  };
}

function gatewayAnswers({ gateway }: Slo, name: string, labels: Labels = {}): string {
  return ofServer(name, { proxy: gateway ?? 'none', code: '5xx', ...labels });
}

function seriesOf({ all, good }: Slo, allValues: string, goodValues: string): TestSeries {
  return { [toLabels(all)]: allValues, [toLabels(good)]: goodValues };
}

/** A series that a selector selects, if it has none of the two labels. */
function toLabels(selector: string, { errorType = '', waited = '' } = {}): string {
  return selector
    .replace('=~"POST|PATCH"', '="POST"')
    .replace('=~"/v1/(registrations|email-verifications|users/).*"', '="/v1/registrations"')
    .replace('=~"/v1/.+"', '="/v1/users/{id}"')
    .replace(/error_type!~"[^"]*"/, `error_type="${errorType}"`)
    .replace('zameni_waited=""', `zameni_waited="${waited}"`)
    .replace('!~"5.."', '="200"')
    .replace('=~"1|1.0"', '="1"');
}
