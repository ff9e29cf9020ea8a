import { DASHBOARDS } from './all-dashboards.ts';

/** A query of a panel, ready for Prometheus. */
export type PanelQuery = {
  /** `DASHBOARD/PANEL`, and which of its queries. */
  readonly name: string;
  readonly expr: string;
  /** Why a sound system may have no such series; undefined if it must have. */
  readonly mayBeEmpty: string | undefined;
};

/** Every query of every dashboard, with the variables at "All" and rates over the given window. */
export function queries(window = '1m'): PanelQuery[] {
  return DASHBOARDS.flatMap(({ key, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        panel.queries.map(({ expr, mayBeEmpty }, index) => ({
          name: `${key}/${panel.key}#${index + 1}`,
          expr: expr
            .replaceAll('$__rate_interval', window)
            .replaceAll('$job', '.+')
            .replaceAll('$instance', '.+'),
          mayBeEmpty,
        })),
      ),
    ),
  );
}
