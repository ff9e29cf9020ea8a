import type { Dashboard } from './dashboard.ts';
import { MAIL } from './dashboards/mail.ts';
import { OVERVIEW } from './dashboards/overview.ts';
import { PROJECTIONS } from './dashboards/projections.ts';
import { READS } from './dashboards/reads.ts';
import { SERVERS } from './dashboards/servers.ts';
import { WRITE } from './dashboards/write.ts';

/** Every dashboard, in the order of the menu. */
export const DASHBOARDS: readonly Dashboard[] = [
  OVERVIEW,
  WRITE,
  PROJECTIONS,
  READS,
  MAIL,
  SERVERS,
];
