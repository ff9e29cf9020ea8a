import { JOBS, OUR_JOBS, SERVICE_JOBS } from './jobs.ts';
import { type Labels, select } from './own-series.ts';

/**
 * The series of servers that rules and dashboards use. NATS, PgBouncer, disks and certificates come
 * from our exporter, the others from the exporters of Debian and from HAProxy itself.
 */
export const SERVER_SERIES = {
  up: 'up',
  natsUp: 'nats_server_up',
  natsConnections: 'nats_server_connections',
  natsMemory: 'nats_server_memory_bytes',
  natsSlowConsumers: 'nats_server_slow_consumers_total',
  streamMessages: 'nats_stream_messages',
  streamBytes: 'nats_stream_bytes',
  streamMaxBytes: 'nats_stream_max_bytes',
  streamLeader: 'nats_stream_leader',
  streamReplicaLag: 'nats_stream_replica_lag',
  streamReplicaCurrent: 'nats_stream_replica_current',
  diskFree: 'zameni_disk_free_bytes',
  diskSize: 'zameni_disk_size_bytes',
  certificateEnd: 'zameni_certificate_not_after_seconds',
  readable: 'zameni_exporter_readable',
  pgbouncerUp: 'pgbouncer_up',
  pgbouncerWaiting: 'pgbouncer_pool_clients_waiting',
  pgbouncerMaxWait: 'pgbouncer_pool_max_wait_seconds',
  pgbouncerServersActive: 'pgbouncer_pool_servers_active',
  pgbouncerServersIdle: 'pgbouncer_pool_servers_idle',
  postgresUp: 'pg_up',
  postgresBackends: 'pg_stat_database_numbackends',
  postgresCommits: 'pg_stat_database_xact_commit',
  postgresRollbacks: 'pg_stat_database_xact_rollback',
  postgresSize: 'pg_database_size_bytes',
  postgresReplicaBytes: 'pg_stat_replication_pg_wal_lsn_diff',
  redisUp: 'redis_up',
  redisMemory: 'redis_memory_used_bytes',
  redisMaxMemory: 'redis_memory_max_bytes',
  redisInfo: 'redis_instance_info',
  redisCommands: 'redis_commands_processed_total',
  redisEvictions: 'redis_evicted_keys_total',
  gatewayResponses: 'haproxy_frontend_http_responses_total',
  gatewayBackendResponses: 'haproxy_backend_http_responses_total',
  gatewayServerResponses: 'haproxy_server_http_responses_total',
  gatewayQueue: 'haproxy_backend_current_queue',
  gatewayServers: 'haproxy_backend_active_servers',
  gatewaySessions: 'haproxy_frontend_current_sessions',
} as const;

/** The series of the instrumentation of Node, as the services' exporter names them. */
export const NODE_SERIES = {
  eventLoopDelay: 'nodejs_eventloop_delay_p99_seconds',
  eventLoopUtilization: 'nodejs_eventloop_utilization_ratio',
  heapUsed: 'v8js_memory_heap_used_bytes',
  gcDuration: 'v8js_gc_duration_seconds',
} as const;

/** The name of the gateway's frontend for clients. Another one serves its figures. */
export const GATEWAY_FRONTEND = 'gateway';

/** The jobs that have a series, by the first word of its name. */
const JOBS_OF: Readonly<Record<string, string>> = {
  up: OUR_JOBS,
  nodejs: SERVICE_JOBS,
  v8js: SERVICE_JOBS,
  haproxy: JOBS.gateway,
  pg: JOBS.postgres,
  redis: JOBS.redis,
  nats: JOBS.exporter,
  pgbouncer: JOBS.exporter,
  zameni: JOBS.exporter,
};

/** A selector of a series of our servers, and not of those that others watch with this Prometheus. */
export function ofServer(name: string, labels: Labels = {}): string {
  const job = JOBS_OF[name.split('_')[0] ?? ''];
  if (job === undefined) throw new Error(`nobody knows which job has ${name}`);
  return select(name, { job, ...labels });
}
