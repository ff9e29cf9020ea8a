import { DASHBOARDS } from './all-dashboards.ts';

/** The path in Grafana of a panel, by `DASHBOARD/PANEL`. */
export function panelPath(key: string): string {
  const [name, panelKey] = key.split('/');
  const dashboard = DASHBOARDS.find(({ key }) => key === name);
  const panel = dashboard?.rows.flatMap(({ panels }) => panels).find(({ key }) => key === panelKey);
  if (dashboard === undefined || panel === undefined) throw new Error(`there is no panel ${key}`);
  return `/d/${dashboard.uid}?viewPanel=${panel.id}`;
}
