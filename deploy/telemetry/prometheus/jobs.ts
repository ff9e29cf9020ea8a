/** The values of the label `job`: what a series comes from. */
export const JOBS = {
  commandApi: 'command-api',
  queryApi: 'query-api',
  projector: 'projector',
  mailer: 'mailer',
  gateway: 'gateway',
  postgres: 'postgres',
  redis: 'redis',
  /** Our exporter: NATS, PgBouncer, disks, certificates. */
  exporter: 'exporter',
} as const;

const SERVICES = [JOBS.commandApi, JOBS.queryApi, JOBS.projector, JOBS.mailer];

/** Matches the jobs of our services. */
export const SERVICE_JOBS = `~${SERVICES.join('|')}`;

/** Matches every job of ours. The same Prometheus may scrape targets of others. */
export const OUR_JOBS = `~${Object.values(JOBS).join('|')}`;
