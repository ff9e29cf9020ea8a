import type { Stack } from '@zameni/runtime/stack';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Check, check, type Finding } from './report.ts';

type Telemetry = NonNullable<Stack['telemetry']>;

const DEADLINE_MS = 5_000;

const targetsCheck = Compile(
  Type.Object({
    data: Type.Object({
      activeTargets: Type.Array(
        Type.Object({
          labels: Type.Object({ job: Type.String(), instance: Type.String() }),
          health: Type.String(),
          lastError: Type.String(),
        }),
      ),
    }),
  }),
);

const alertsCheck = Compile(
  Type.Object({
    data: Type.Object({
      alerts: Type.Array(
        Type.Object({
          labels: Type.Object({ alertname: Type.String() }),
          state: Type.String(),
        }),
      ),
    }),
  }),
);

const receiverCheck = Compile(
  Type.Object({
    file: Type.Object({ written: Type.Integer(), dropped: Type.Integer() }),
    refused: Type.Integer(),
  }),
);

/** Checks that Prometheus scrapes all targets, that no alert fires, and that traces arrive. */
export function checkTelemetry(telemetry: Telemetry, logs: string): Promise<Check>[] {
  const { prometheusUrl, jaegerUrl, receiverUrl, metrics } = telemetry;
  const one = (name: string, log: string, look: (remedy: string) => Promise<Finding>) => {
    const remedy = `tail -n 30 ${logs}/${log}.log`;
    return check({ area: 'telemetry', name, remedy, look: () => look(remedy) });
  };
  return [
    one('prometheus', 'prometheus', async () => {
      return judgeTargets(await ask(`${prometheusUrl}/api/v1/targets?state=active`), {
        expected: metrics,
        logs,
      });
    }),
    one('alerts', 'prometheus', async () => {
      return judgeAlerts(await ask(`${prometheusUrl}/api/v1/alerts`), prometheusUrl);
    }),
    one('traces', 'trace-receiver', async (remedy) => {
      return judgeReceiver(await ask(`${receiverUrl}/livez`), remedy);
    }),
    ...(jaegerUrl === null
      ? []
      : [
          one('jaeger', 'jaeger', async () => {
            await ask(`${jaegerUrl}/api/v3/services`);
            return jaegerUrl;
          }),
        ]),
  ];
}

/** Judges whether every target of Prometheus is up. */
export function judgeTargets(
  answer: unknown,
  { expected, logs }: { readonly expected: Telemetry['metrics']; readonly logs: string },
): Finding {
  if (!targetsCheck.Check(answer)) throw new Error('the answer is not that of Prometheus');
  const { activeTargets } = answer.data;
  const down = activeTargets.filter(({ health }) => health !== 'up');
  const [first] = down;
  if (first !== undefined) {
    const names = down.map(({ labels }) => labels.instance).toSorted();
    const found = `no figures of ${names.join(', ')}: ${first.lastError || 'not scraped yet'}`;
    const target = expected.find(({ instance }) => instance === first.labels.instance);
    const log = target?.process ?? 'prometheus';
    return { level: 'warn', found, remedy: `tail -n 30 ${logs}/${log}.log` };
  }
  const found = `${activeTargets.length} of ${expected.length} targets are up`;
  if (activeTargets.length === expected.length) return found;
  return { level: 'warn', found, remedy: `tail -n 30 ${logs}/prometheus.log` };
}

/** Judges whether an alert fires. */
export function judgeAlerts(answer: unknown, prometheusUrl: string): Finding {
  if (!alertsCheck.Check(answer)) throw new Error('the answer is not that of Prometheus');
  const firing = answer.data.alerts.filter(({ state }) => state === 'firing');
  if (firing.length === 0) return 'none fires';
  const names = [...new Set(firing.map(({ labels }) => labels.alertname))].toSorted();
  const remedy = `deploy/runbook.md names the steps for each; ${prometheusUrl}/alerts`;
  return { level: 'warn', found: `firing: ${names.join(', ')}`, remedy };
}

/** Judges whether spans were lost. */
export function judgeReceiver(answer: unknown, remedy: string): Finding {
  if (!receiverCheck.Check(answer)) throw new Error('the answer is not that of the receiver');
  const { file, refused } = answer;
  if (file.dropped + refused === 0) return `${file.written} spans since its start`;
  const found = `${file.written} spans; ${file.dropped} dropped, ${refused} refused`;
  return { level: 'warn', found, remedy };
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}
