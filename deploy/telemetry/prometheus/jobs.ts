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
