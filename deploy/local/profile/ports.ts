import type { Scale } from './scale.ts';

/** Every port of one stack, by what listens on it. */
export type Ports = {
  readonly gateway: number;
  readonly commandApi: readonly number[];
  readonly queryApi: readonly number[];
  readonly projector: readonly number[];
  readonly mailer: readonly number[];
  readonly natsClient: readonly number[];
  readonly natsRoute: readonly number[];
  readonly postgresPrimary: number;
  readonly postgresReplica: number;
  readonly pgbouncer: number;
  readonly redis: number;
  readonly redisCounters: number;
  /** Where the inbox takes mails. */
  readonly inboxSmtp: number;
  /** Where people read them. */
  readonly inboxWeb: number;
  /** Where a test may take the mails instead, with an SMTP server of its own. */
  readonly testSmtp: number;
  readonly telemetry: TelemetryPorts;
};

/** The ports of what watches a stack. They are used only with `--telemetry`. */
export type TelemetryPorts = {
  readonly prometheus: number;
  /** Jaeger's pages and its query API. */
  readonly jaegerQuery: number;
  readonly jaegerOtlpHttp: number;
  readonly jaegerOtlpGrpc: number;
  /** Where services send their spans. */
  readonly traceReceiver: number;
  /** Figures of NATS, PgBouncer, disks and certificates. */
  readonly exporter: number;
  readonly gatewayMetrics: number;
  /** Each server of Postgres has an exporter of its own. */
  readonly primaryExporter: number;
  readonly replicaExporter: number;
  /** Each server of Redis too. */
  readonly redisExporter: number;
  readonly countersExporter: number;
  /** Jaeger listens on it too. Nobody here uses it. */
  readonly jaegerQueryGrpc: number;
  /** Where the gateway sends its log lines, by UDP. */
  readonly exporterSyslog: number;
};

/** A port and the process that needs it. */
export type PortClaim = {
  readonly port: number;
  readonly wantedBy: string;
  /** Set for a UDP port. */
  readonly protocol?: 'udp';
};

/**
 * Assigns a stack's ports from its first one. The layout is fixed, so that people can remember it.
 */
export function layOutPorts(base: number, scale: Scale): Ports {
  return {
    gateway: base,
    commandApi: consecutive(base + 20, scale['command-api']),
    queryApi: consecutive(base + 30, scale['query-api']),
    projector: consecutive(base + 40, scale.projector),
    natsClient: consecutive(base + 51, 3),
    natsRoute: consecutive(base + 54, 3),
    postgresPrimary: base + 60,
    postgresReplica: base + 61,
    pgbouncer: base + 62,
    redis: base + 63,
    inboxSmtp: base + 64,
    inboxWeb: base + 65,
    testSmtp: base + 66,
    redisCounters: base + 67,
    mailer: consecutive(base + 70, scale.mailer),
    telemetry: {
      prometheus: base + 80,
      jaegerQuery: base + 81,
      jaegerOtlpHttp: base + 82,
      jaegerOtlpGrpc: base + 83,
      traceReceiver: base + 84,
      exporter: base + 85,
      gatewayMetrics: base + 86,
      primaryExporter: base + 87,
      redisExporter: base + 88,
      replicaExporter: base + 89,
      jaegerQueryGrpc: base + 90,
      countersExporter: base + 91,
      exporterSyslog: base + 94,
    },
  };
}

/** Lists every port that a stack needs, with the name of its process. */
export function claimPorts(ports: Ports, telemetry: boolean): PortClaim[] {
  return [
    { port: ports.gateway, wantedBy: 'gateway' },
    ...numbered(ports.commandApi, (n) => `command-api-${n}`),
    ...numbered(ports.queryApi, (n) => `query-api-${n}`),
    ...numbered(ports.projector, (n) => `projector-${n}`),
    ...numbered(ports.mailer, (n) => `mailer-${n}`),
    ...numbered(ports.natsClient, (n) => `nats-${n}`),
    ...numbered(ports.natsRoute, (n) => `nats-${n} (cluster route)`),
    { port: ports.postgresPrimary, wantedBy: 'postgres-primary' },
    { port: ports.postgresReplica, wantedBy: 'postgres-replica' },
    { port: ports.pgbouncer, wantedBy: 'pgbouncer' },
    { port: ports.redis, wantedBy: 'redis' },
    { port: ports.redisCounters, wantedBy: 'redis-counters' },
    { port: ports.inboxSmtp, wantedBy: 'inbox (SMTP)' },
    { port: ports.inboxWeb, wantedBy: 'inbox' },
    { port: ports.testSmtp, wantedBy: 'inbox (SMTP server of a test)' },
    ...(telemetry ? claimTelemetryPorts(ports.telemetry) : []),
  ];
}

function claimTelemetryPorts(ports: TelemetryPorts): PortClaim[] {
  return [
    { port: ports.prometheus, wantedBy: 'prometheus' },
    { port: ports.jaegerQuery, wantedBy: 'jaeger' },
    { port: ports.jaegerOtlpHttp, wantedBy: 'jaeger (OTLP over HTTP)' },
    { port: ports.jaegerOtlpGrpc, wantedBy: 'jaeger (OTLP over gRPC)' },
    { port: ports.jaegerQueryGrpc, wantedBy: 'jaeger (queries over gRPC)' },
    { port: ports.traceReceiver, wantedBy: 'trace-receiver' },
    { port: ports.exporter, wantedBy: 'exporter' },
    { port: ports.exporterSyslog, wantedBy: 'exporter (syslog)', protocol: 'udp' },
    { port: ports.gatewayMetrics, wantedBy: 'gateway (metrics)' },
    { port: ports.primaryExporter, wantedBy: 'primary-exporter' },
    { port: ports.replicaExporter, wantedBy: 'replica-exporter' },
    { port: ports.redisExporter, wantedBy: 'redis-exporter' },
    { port: ports.countersExporter, wantedBy: 'counters-exporter' },
  ];
}

function consecutive(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function numbered(ports: readonly number[], name: (n: number) => string): PortClaim[] {
  return ports.map((port, index) => ({ port, wantedBy: name(index + 1) }));
}
