/** Shortens a time in seconds for a test that cannot wait. */
export type Scaled = (seconds: number) => number;

/** A duration of Prometheus; it takes whole milliseconds. */
export function toDuration(seconds: number): string {
  const ms = Math.max(1, Math.round(seconds * 1_000));
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

/** A page wakes somebody up, a ticket waits for the next working day. */
export type Severity = 'page' | 'ticket';

/** One alert. Its texts name no person: labels carry none. */
export type Alert = {
  readonly name: string;
  readonly severity: Severity;
  /** The condition. Ages, lags and waits in seconds go through `scaled`; windows of rates do not. */
  readonly expr: (scaled: Scaled) => string;
  /** For how long the condition holds until the alert fires. */
  readonly forSeconds: number;
  /** One line. `{{ $labels.x }}` is a label of the alert. */
  readonly summary: string;
  /** What it means. */
  readonly description: string;
  /** The heading of the entry in deploy/runbook.md, as its anchor. */
  readonly runbook: string;
  /** The panel that shows it, `DASHBOARD/PANEL`. */
  readonly panel: string;
};
