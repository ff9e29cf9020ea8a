import type { Alert } from './alert.ts';
import { LOG_ALERTS } from './alerts/log.ts';
import { MAIL_ALERTS } from './alerts/mail.ts';
import { PROJECTION_ALERTS } from './alerts/projection.ts';
import { READ_ALERTS } from './alerts/reads.ts';
import { RESOURCE_ALERTS } from './alerts/resources.ts';
import { SERVER_ALERTS } from './alerts/servers.ts';
import { budgetAlerts } from './burn-rate.ts';

/** Every alert, by the group of rules that holds it. */
export const ALERT_GROUPS: Readonly<Record<string, readonly Alert[]>> = {
  budgets: budgetAlerts(),
  log: LOG_ALERTS,
  projection: PROJECTION_ALERTS,
  reads: READ_ALERTS,
  mail: MAIL_ALERTS,
  servers: SERVER_ALERTS,
  resources: RESOURCE_ALERTS,
};

/** Every alert. */
export const ALERTS: readonly Alert[] = Object.values(ALERT_GROUPS).flat();
