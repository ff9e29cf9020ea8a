import { PATIENCE_MS } from '@zameni/runtime/testing';
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** A value of a query, with the labels that it has. */
export type Sample = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** A process that Prometheus scrapes. */
export type Target = {
  readonly job: string;
  readonly instance: string;
  readonly isUp: boolean;
  readonly lastError: string;
};

/** An alert that is pending or firing. */
export type Alert = {
  readonly name: string;
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
};

/** What is asked of a Prometheus. Each throws if Prometheus refuses. */
export type PrometheusApi = {
  readonly query: (expression: string) => Promise<Sample[]>;
  readonly targets: () => Promise<Target[]>;
  readonly alerts: () => Promise<Alert[]>;
};

const Labels = Type.Record(Type.String(), Type.String());
const Moment = Type.Tuple([Type.Number(), Type.String()]);
const Result = Type.Object({
  data: Type.Union([
    Type.Object({
      resultType: Type.Literal('vector'),
      result: Type.Array(Type.Object({ metric: Labels, value: Moment })),
    }),
    Type.Object({ resultType: Type.Literal('scalar'), result: Moment }),
  ]),
});
const Targets = Type.Object({
  data: Type.Object({
    activeTargets: Type.Array(
      Type.Object({ labels: Labels, health: Type.String(), lastError: Type.String() }),
    ),
  }),
});
const Alerts = Type.Object({
  data: Type.Object({
    alerts: Type.Array(Type.Object({ labels: Labels, state: Type.Enum(['pending', 'firing']) })),
  }),
});

/** Creates a client of Prometheus' HTTP API. */
export function createPrometheusApi(url: string): PrometheusApi {
  async function ask<T extends TSchema>(schema: T, path: string): Promise<Static<T>> {
    const response = await fetch(`${url}/api/v1/${path}`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${text}`);
    return Value.Parse(schema, JSON.parse(text));
  }
  return {
    query: async (expression) => {
      const { data } = await ask(Result, `query?query=${encodeURIComponent(expression)}`);
      if (data.resultType === 'scalar') return [{ labels: {}, value: Number(data.result[1]) }];
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    targets: async () => {
      const { data } = await ask(Targets, 'targets?state=active');
      return data.activeTargets.map(({ labels, health, lastError }) => ({
        job: labels['job'] ?? '',
        instance: labels['instance'] ?? '',
        isUp: health === 'up',
        lastError,
      }));
    },
    alerts: async () => {
      const { data } = await ask(Alerts, 'alerts');
      return data.alerts.map(({ labels, state }) => ({
        name: labels['alertname'] ?? '',
        state,
        labels,
      }));
    },
  };
}
