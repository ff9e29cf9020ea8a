import { type MeterProvider, metrics } from '@opentelemetry/api';

/** Renders the metrics of a process for Prometheus. */
export type Exposition = () => Promise<string>;

const expositions = new WeakMap<MeterProvider, Exposition>();

/** Says how the metrics of a provider are rendered. */
export function setExposition(provider: MeterProvider, render: Exposition): void {
  expositions.set(provider, render);
}

/** The metrics of this process in Prometheus' text format; undefined if they are not exposed. */
export async function exposeMetrics(): Promise<string | undefined> {
  return expositions.get(metrics.getMeterProvider())?.();
}
