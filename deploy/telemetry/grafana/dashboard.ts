/** A line, or a set of lines, of a panel. */
export type Query = {
  /** PromQL. `$job`, `$instance` and `$__rate_interval` are replaced by Grafana. */
  readonly expr: string;
  /** Name of a line: a text, or labels as `{{label}}`. */
  readonly legend: string;
  /** Why a sound system may have no such series. Without it, a run of the demo must yield data. */
  readonly mayBeEmpty?: string;
};

/** Units as Grafana names them. */
export type Unit =
  | 'short'
  | 's'
  | 'bytes'
  | 'percentunit'
  | 'reqps'
  | 'ops'
  | 'none'
  | 'dtdurations';

/** A value from which on a panel is coloured. */
export type Threshold = { readonly from: number; readonly color: 'orange' | 'red' };

/** One panel. */
export type Panel = {
  readonly key: string;
  /** Unique in its dashboard, and never changed: links and alerts name it. */
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** `lines` over time, or the last value as `number`. */
  readonly shape?: 'lines' | 'number';
  readonly queries: readonly Query[];
  readonly thresholds?: readonly Threshold[];
  /** The entry of deploy/runbook.md that helps, as an anchor. */
  readonly runbook?: string;
  /** Of 24 columns; 8 if left out. */
  readonly width?: number;
};

/** Panels under one title. */
export type Row = { readonly title: string; readonly panels: readonly Panel[] };

/** One dashboard. */
export type Dashboard = {
  readonly key: string;
  /** Never changed: links name it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The jobs whose processes `$instance` chooses from. */
  readonly jobs: readonly string[];
  readonly rows: readonly Row[];
};
