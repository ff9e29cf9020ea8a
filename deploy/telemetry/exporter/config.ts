import { ConfigError, loadConfig } from '@zameni/runtime/config';
import { Type } from 'typebox';

/** Something to watch: its name in a label, and where it is. */
export type Named = { readonly name: string; readonly place: string };

/** What the exporter watches, and where it serves that. */
export type ExporterConfig = {
  readonly host: string;
  readonly port: number;
  /** The log's servers, and the login of the user who may ask them about themselves. */
  readonly nats: {
    readonly servers: readonly Named[];
    readonly user: string;
    readonly passwordFile: string;
  };
  readonly folders: readonly Named[];
  readonly certificates: readonly Named[];
  /** The console of PgBouncer; null if there is none. */
  readonly pgbouncer: { readonly url: string; readonly passwordFile: string } | null;
  /** Where the gateway's log lines arrive, and where its spans go; null without traces. */
  readonly gateway: { readonly logPort: number; readonly tracesUrl: string } | null;
};

const named = (place: string) => `^([a-z0-9-]{1,64}=${place}(,[a-z0-9-]{1,64}=${place})*)?$`;

const namedFiles = (description: string, example: string) =>
  Type.String({ pattern: named('[^,]+'), default: '', description, example });

const Port = Type.Integer({ minimum: 1, maximum: 65535 });

const Environment = Type.Object({
  ZAMENI_HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on',
    example: '127.0.0.1',
  }),
  ZAMENI_PORT: Type.Intersect([Port], { description: 'Port to listen on', example: '8165' }),
  ZAMENI_NATS_SERVERS: Type.String({
    pattern: named('[^,=\\s]+:\\d+'),
    default: '',
    description: 'Each NATS server, host:port, by the name of the server',
    example: 'n1=127.0.0.1:4222,n2=127.0.0.1:4223',
  }),
  ZAMENI_NATS_USER: Type.String({
    pattern: '^[a-z-]{1,64}$',
    default: 'monitor',
    description: 'NATS user that asks servers about themselves',
    example: 'monitor',
  }),
  ZAMENI_NATS_PASSWORD_FILE: Type.String({
    default: '',
    description: 'File with the password of that user',
    example: '/run/secrets/nats-monitor',
  }),
  ZAMENI_WATCHED_FOLDERS: namedFiles(
    'Folders whose disks are watched, by a name',
    'nats=/var/lib/nats,postgres=/var/lib/postgresql',
  ),
  ZAMENI_WATCHED_CERTIFICATES: namedFiles(
    'PEM files of certificates, by a name',
    'gateway=/etc/ssl/gateway.pem',
  ),
  ZAMENI_PGBOUNCER_URL: Type.String({
    pattern: '^(postgres(ql)?://[^:@/\\s]+@[^/\\s]+/pgbouncer)?$',
    default: '',
    description: 'Console of PgBouncer for a user of stats_users, without password',
    example: 'postgres://zameni_stats@127.0.0.1:6432/pgbouncer',
  }),
  ZAMENI_PGBOUNCER_PASSWORD_FILE: Type.String({
    default: '',
    description: 'File with the password of that user',
    example: '/run/secrets/pgbouncer-stats',
  }),
  ZAMENI_GATEWAY_LOG_PORT: Type.Intersect([Type.Integer({ minimum: 0, maximum: 65535 })], {
    default: 0,
    description: 'UDP port for log lines of the gateway; 0 takes none',
    example: '8174',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Refine(
    Type.String({
      pattern: '^(https?://[^@?#\\s]+)?$',
      default: '',
      description: 'Where the spans of the gateway go, by OTLP over HTTP, without credentials',
      example: 'http://127.0.0.1:4318',
    }),
    (text) => text === '' || URL.canParse(text),
  ),
});

/** What needs what. */
const TOGETHER = [
  ['ZAMENI_NATS_SERVERS', 'ZAMENI_NATS_PASSWORD_FILE'],
  ['ZAMENI_PGBOUNCER_URL', 'ZAMENI_PGBOUNCER_PASSWORD_FILE'],
  ['ZAMENI_GATEWAY_LOG_PORT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
] as const;

/** Reads the configuration. Throws one ConfigError that lists every fault. */
export function readExporterConfig(environment: NodeJS.ProcessEnv): ExporterConfig {
  const isSet = (name: string) => !['', '0', undefined].includes(environment[name]);
  const lacking = TOGETHER.filter(([name, other]) => isSet(name) && !isSet(other));
  const faults = lacking.map(([name, other]) => `${name} needs ${other}`);
  const values = load(environment, faults);
  return {
    host: values.ZAMENI_HOST,
    port: values.ZAMENI_PORT,
    nats: {
      servers: parseNamed(values.ZAMENI_NATS_SERVERS),
      user: values.ZAMENI_NATS_USER,
      passwordFile: values.ZAMENI_NATS_PASSWORD_FILE,
    },
    folders: parseNamed(values.ZAMENI_WATCHED_FOLDERS),
    certificates: parseNamed(values.ZAMENI_WATCHED_CERTIFICATES),
    pgbouncer:
      values.ZAMENI_PGBOUNCER_URL === ''
        ? null
        : {
            url: values.ZAMENI_PGBOUNCER_URL,
            passwordFile: values.ZAMENI_PGBOUNCER_PASSWORD_FILE,
          },
    gateway:
      values.ZAMENI_GATEWAY_LOG_PORT === 0
        ? null
        : {
            logPort: values.ZAMENI_GATEWAY_LOG_PORT,
            tracesUrl: values.OTEL_EXPORTER_OTLP_ENDPOINT,
          },
  };
}

function load(environment: NodeJS.ProcessEnv, faults: readonly string[]) {
  const values = loadOrFaults(environment);
  const all = values instanceof ConfigError ? [...values.faults, ...faults] : faults;
  if (values instanceof ConfigError || all.length > 0) throw new ConfigError(all);
  return values;
}

function loadOrFaults(environment: NodeJS.ProcessEnv) {
  try {
    return loadConfig(Environment, environment);
  } catch (fault) {
    if (fault instanceof ConfigError) return fault;
    throw fault;
  }
}

function parseNamed(text: string): Named[] {
  return text
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.indexOf('=');
      return { name: pair.slice(0, end), place: pair.slice(end + 1) };
    });
}
