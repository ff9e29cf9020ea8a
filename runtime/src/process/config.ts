import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** Faults in the configuration. The message has a line for each, with an example. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The environment has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

const Port = Type.Integer({ minimum: 1, maximum: 65535 });
const FilePath = (description: string, example: string) =>
  Type.String({ minLength: 1, description, example });

/** Variables of every service. */
export const serviceConfig = {
  ZAMENI_HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on',
    example: '127.0.0.1',
  }),
  ZAMENI_PORT: Type.Intersect([Port], { description: 'Port to listen on', example: '8100' }),
  ZAMENI_LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], {
    default: 'info',
    description: 'Lowest log level',
    example: 'info',
  }),
  ZAMENI_LOG_REQUESTS: Type.Enum(['off', 'sampled', 'all'], {
    default: 'sampled',
    description: 'Which requests are logged: none, some under load, or each one',
    example: 'sampled',
  }),
  ZAMENI_SECURITY_LOG: Type.String({
    minLength: 1,
    default: 'stdout',
    description: 'File that security events are appended to, or stdout',
    example: '/var/log/zameni/security.log',
  }),
  ZAMENI_INSTANCE: Type.String({
    pattern: '^[a-z0-9-]{1,64}$',
    description: 'Name of this process in logs and traces',
    example: 'command-api-1',
  }),
};

/** Variables of services that use the event log. */
export const natsConfig = {
  ZAMENI_NATS_SERVERS: Type.String({
    pattern: '^[^,\\s]+:\\d+(,[^,\\s]+:\\d+)*$',
    description: 'NATS servers, host:port, separated by commas',
    example: '127.0.0.1:4222,127.0.0.1:4223,127.0.0.1:4224',
  }),
  ZAMENI_NATS_USER: Type.String({
    pattern: '^[a-z-]{1,64}$',
    description: 'NATS user',
    example: 'command-api',
  }),
  ZAMENI_NATS_PASSWORD_FILE: FilePath('File with the NATS password', '/run/secrets/nats'),
};

/** Variables of services that write to or read from the Postgres primary. */
export const postgresConfig = {
  ZAMENI_POSTGRES_URL: Type.String({
    pattern: '^postgres(ql)?://[^:@/\\s]+@[^/\\s]+/.+$',
    description: 'Postgres through PgBouncer, primary, without password',
    example: 'postgres://zameni_query@127.0.0.1:6432/zameni_rw',
  }),
  ZAMENI_POSTGRES_PASSWORD_FILE: FilePath('File with the Postgres password', '/run/secrets/pg'),
};

/** Variables of services that read from a Postgres replica. */
export const replicaConfig = {
  ZAMENI_POSTGRES_REPLICA_URL: Type.String({
    pattern: '^postgres(ql)?://[^:@/\\s]+@[^/\\s]+/.+$',
    description: 'Postgres through PgBouncer, replica, without password',
    example: 'postgres://zameni_query@127.0.0.1:6432/zameni_ro',
  }),
};

const redisUrl = (description: string, example: string) =>
  Type.String({ pattern: '^rediss?://[^:@/\\s]+@[^@/\\s]+$', description, example });

/** Variables of services that use the cache. */
export const redisConfig = {
  ZAMENI_REDIS_URL: redisUrl(
    'Redis of the cache, with the user, without password',
    'redis://query-api@127.0.0.1:6379',
  ),
  ZAMENI_REDIS_PASSWORD_FILE: FilePath('File with the Redis password', '/run/secrets/redis'),
};

/** Variables of services that count requests. The user and its password are those of the cache. */
export const countersConfig = {
  ZAMENI_REDIS_COUNTERS_URL: redisUrl(
    'Redis of the counters, with the user, without password',
    'redis://query-api@127.0.0.1:6380',
  ),
};

/** Variables of services that check callers' tokens. */
export const callersConfig = {
  ZAMENI_JWT_ISSUERS_FILE: FilePath(
    'File with the trusted token issuers and the places of their public keys. Each issuer may grant every scope and name every person as a subject',
    '/run/secrets/issuers.json',
  ),
};

const keyRingFile = (what: string) =>
  FilePath(`Key ring file (mode 0600): ${what}`, '/run/secrets/ring.json');

/** The key ring that digests addresses, idempotency keys and request bodies. */
export const pepperConfig = { ZAMENI_PEPPER_FILE: keyRingFile('pepper') };
/** The key ring that wraps data keys. */
export const kekConfig = { ZAMENI_KEK_FILE: keyRingFile('key-encryption keys') };
/** The key ring that signs tokens of verification links. */
export const verificationConfig = {
  ZAMENI_VERIFICATION_KEY_FILE: keyRingFile('keys of verification links'),
};
/** The key ring that seals attempts, with one key a day. */
export const attemptKeyConfig = {
  ZAMENI_ATTEMPT_KEY_FILE: keyRingFile('keys of attempts, one a day'),
};
/** Lifetime of attempts and their links. Links of accounts live as long. */
export const attemptLifetimeConfig = {
  ZAMENI_ATTEMPT_LIFETIME_SECONDS: Type.Intersect(
    [Type.Integer({ minimum: 1, maximum: 30 * 24 * 60 * 60 })],
    {
      default: 7 * 24 * 60 * 60,
      description: 'Seconds after which an unproven attempt ends',
      example: '604800',
    },
  ),
};
/** The key ring that seals positions. */
export const positionConfig = { ZAMENI_POSITION_KEY_FILE: keyRingFile('position keys') };

/** The key ring that checks ids of registrations. */
export const registrationIdConfig = {
  ZAMENI_REGISTRATION_ID_KEY_FILE: keyRingFile('keys that check ids of registrations'),
};

/**
 * Reads the configuration from the environment. Throws one ConfigError that lists every fault:
 * missing, malformed, and unknown `ZAMENI_` variables.
 */
export function loadConfig<T extends TObject>(
  schema: T,
  environment: Readonly<Record<string, string | undefined>>,
): Static<T> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries<TSchema>(schema.properties)) {
    const text = environment[name] === '' ? undefined : environment[name];
    const value = text === undefined ? hintOf(property, 'default') : toValue(property, text);
    if (value === undefined) {
      if (!Type.IsOptional(property)) {
        faults.push(`${name} is missing: ${explainProperty(property)}`);
      }
    } else if (!Compile(property).Check(value)) {
      faults.push(`${name} is not valid: ${explainProperty(property)}`);
    } else values[name] = value;
  }
  for (const name of Object.keys(environment)) {
    if (name.startsWith('ZAMENI_') && !(name in schema.properties)) {
      faults.push(`${name} is not a variable of this service`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  // Each value was checked against its property.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return values as Static<T>;
}

/** The description and example of a variable, so that a fault says how to repair it. */
export function explainProperty(property: TSchema): string {
  return `${String(hintOf(property, 'description'))}, for example ${String(hintOf(property, 'example'))}`;
}

function hintOf(property: TSchema, hint: 'default' | 'description' | 'example'): unknown {
  const hints: Readonly<Record<string, unknown>> = { ...property };
  return hints[hint];
}

function toValue(property: TSchema, text: string): unknown {
  return !Compile(property).Check(text) && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
