import type { RedisUser } from '@zameni/contracts';
import type { Layout } from '../profile/layout.ts';
import type { Profile } from '../profile/names.ts';
import type { Ports } from '../profile/ports.ts';
import type { Service } from '../profile/scale.ts';
import { proxiesOfServices } from './gateway/settings.ts';
import { passedOn } from './passed-on.ts';
import type { TelemetryChoice } from './telemetry/choose.ts';
import { PRIMARY_DATABASE, REPLICA_DATABASE } from './postgres/pgbouncer-config.ts';

/** The inputs of a service's variables. They are few, so that a test can take them from a stack. */
export type EnvironmentSource = {
  readonly profile: Profile;
  readonly ports: Pick<
    Ports,
    'gateway' | 'natsClient' | 'pgbouncer' | 'redis' | 'redisCounters' | 'inboxSmtp'
  >;
  readonly layout: Pick<Layout, 'secrets' | 'issuersFile'>;
  /** Null if nobody takes spans. */
  readonly telemetry: Pick<TelemetryChoice, 'receiverUrl' | 'traceRatio'> | null;
};

/** The demo registers a thousand people from one address at once. */
const DEMO_LIMITS = { ZAMENI_LIMIT_CLIENT: '60000/60' } as const;

/** Tests and benchmarks send all requests from one address. Tests of the limits set their own. */
const UNLIMITED = { ZAMENI_LIMIT_CLIENT: 'off', ZAMENI_LIMIT_DESTRUCTIVE: 'off' } as const;

/** The same for reads: the demo reads each person back, with one token. */
const DEMO_READS = { ZAMENI_LIMIT_CALLER_READS: '600000/60' } as const;
const UNLIMITED_READS = {
  ZAMENI_LIMIT_NETWORK_READS: 'off',
  ZAMENI_LIMIT_CALLER_READS: 'off',
} as const;

/** Returns the variables of a service, without its port and its name. */
export function serviceEnvironment(
  source: EnvironmentSource,
  service: Service,
): Record<string, string> {
  return { ...ownEnvironment(source, service), ...telemetryEnvironment(source) };
}

function ownEnvironment(source: EnvironmentSource, service: Service): Record<string, string> {
  const { profile, layout } = source;
  const { secrets } = layout;
  const common = { ZAMENI_HOST: '127.0.0.1', ...logEnvironment(source, service) };
  switch (service) {
    case 'command-api':
      return {
        ...common,
        ...passedOn(process.env, ['logs', 'attempts', 'room']),
        ...callerEnvironment(source),
        ...proxyEnvironment(),
        ...databaseEnvironment(source, 'zameni_command', secrets.postgresCommand),
        ZAMENI_POSTGRES_REPLICA_URL: poolUrl(source, 'zameni_command', REPLICA_DATABASE),
        ...cacheEnvironment(source, service),
        ...countersEnvironment(source, service),
        ZAMENI_PEPPER_FILE: secrets.pepper,
        ZAMENI_KEK_FILE: secrets.kek,
        ZAMENI_ATTEMPT_KEY_FILE: secrets.attemptKeys,
        ZAMENI_POSITION_KEY_FILE: secrets.positionKey,
        ZAMENI_VERIFICATION_KEY_FILE: secrets.verificationKey,
        ZAMENI_REGISTRATION_ID_KEY_FILE: secrets.registrationIdKey,
        ...(profile === 'local'
          ? { ...DEMO_LIMITS, ...passedOn(process.env, ['commandLimits']) }
          : UNLIMITED),
      };
    case 'projector':
      return {
        ...common,
        ...passedOn(process.env, ['logs']),
        ...callerEnvironment(source),
        ...databaseEnvironment(source, 'zameni_projector', secrets.postgresProjector),
        ...cacheEnvironment(source, service),
        ZAMENI_KEK_FILE: secrets.kek,
        ZAMENI_PEPPER_FILE: secrets.pepper,
        ZAMENI_ERASER_NATS_PASSWORD_FILE: secrets.natsUsers.eraser,
        ZAMENI_AUDITOR_NATS_PASSWORD_FILE: secrets.natsUsers.auditor,
        ZAMENI_MONITOR_NATS_PASSWORD_FILE: secrets.natsUsers.monitor,
      };
    case 'query-api':
      return {
        ...common,
        ...passedOn(process.env, ['logs']),
        ...callerEnvironment(source),
        ...proxyEnvironment(),
        ...databaseEnvironment(source, 'zameni_query', secrets.postgresQuery),
        ...cacheEnvironment(source, service),
        ...countersEnvironment(source, service),
        ZAMENI_POSTGRES_REPLICA_URL: poolUrl(source, 'zameni_query', REPLICA_DATABASE),
        ZAMENI_POSITION_KEY_FILE: secrets.positionKey,
        ZAMENI_REGISTRATION_ID_KEY_FILE: secrets.registrationIdKey,
        ...(profile === 'local'
          ? { ...DEMO_READS, ...passedOn(process.env, ['readLimits']) }
          : UNLIMITED_READS),
      };
    case 'mailer':
      return {
        ...common,
        ...databaseEnvironment(source, 'zameni_mailer', secrets.postgresMailer),
        ...mailEnvironment(source),
        ...callerEnvironment(source),
        ...passedOn(process.env, ['logs', 'mail']),
        ZAMENI_KEK_FILE: secrets.kek,
        ZAMENI_PEPPER_FILE: secrets.pepper,
        ZAMENI_ATTEMPT_KEY_FILE: secrets.attemptKeys,
        ZAMENI_POSITION_KEY_FILE: secrets.positionKey,
        ZAMENI_VERIFICATION_KEY_FILE: secrets.verificationKey,
      };
    default:
      return service satisfies never;
  }
}

/** Metrics need no variable. The gateway samples by the same ratio, and its decision is kept. */
function telemetryEnvironment({ telemetry }: EnvironmentSource): Record<string, string> {
  if (telemetry === null) return {};
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.receiverUrl,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(telemetry.traceRatio),
  };
}

function logEnvironment(
  { ports, layout }: EnvironmentSource,
  service: Service,
): Record<string, string> {
  return {
    ZAMENI_NATS_SERVERS: ports.natsClient.map((port) => `127.0.0.1:${port}`).join(','),
    ZAMENI_NATS_USER: service,
    ZAMENI_NATS_PASSWORD_FILE: layout.secrets.natsUsers[service],
  };
}

function callerEnvironment({ layout }: EnvironmentSource): Record<string, string> {
  return { ZAMENI_JWT_ISSUERS_FILE: layout.issuersFile };
}

/** The gateway, and what is before it. */
function proxyEnvironment(): Record<string, string> {
  return { ZAMENI_TRUSTED_PROXIES: proxiesOfServices(process.env) };
}

/** All mails go to the stack's own server, on loopback and therefore without TLS. */
function mailEnvironment({ ports }: EnvironmentSource): Record<string, string> {
  return {
    ZAMENI_SMTP_HOST: '127.0.0.1',
    ZAMENI_SMTP_PORT: String(ports.inboxSmtp),
    ZAMENI_SMTP_TLS: 'none',
    ZAMENI_MAIL_BASE_URL: `http://127.0.0.1:${ports.gateway}`,
    ZAMENI_MAIL_PRODUCT: 'Zameni',
    ZAMENI_MAIL_FROM: 'Zameni <noreply@zameni.example>',
  };
}

function databaseEnvironment(
  source: EnvironmentSource,
  user: string,
  passwordFile: string,
): Record<string, string> {
  return {
    ZAMENI_POSTGRES_URL: poolUrl(source, user, PRIMARY_DATABASE),
    ZAMENI_POSTGRES_PASSWORD_FILE: passwordFile,
  };
}

function cacheEnvironment(
  { ports, layout }: EnvironmentSource,
  user: RedisUser,
): Record<string, string> {
  return {
    ZAMENI_REDIS_URL: `redis://${user}@127.0.0.1:${ports.redis}`,
    ZAMENI_REDIS_PASSWORD_FILE: layout.secrets.redisUsers[user],
  };
}

function countersEnvironment(
  { ports }: EnvironmentSource,
  user: RedisUser,
): Record<string, string> {
  return { ZAMENI_REDIS_COUNTERS_URL: `redis://${user}@127.0.0.1:${ports.redisCounters}` };
}

function poolUrl({ ports }: EnvironmentSource, user: string, database: string): string {
  return `postgres://${user}@127.0.0.1:${ports.pgbouncer}/${database}`;
}
