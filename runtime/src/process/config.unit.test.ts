import test from 'ava';
import { Type } from 'typebox';
import {
  attemptKeyConfig,
  attemptLifetimeConfig,
  ConfigError,
  countersConfig,
  loadConfig,
  natsConfig,
  redisConfig,
  serviceConfig,
} from './config.ts';

const schema = Type.Object({ ...serviceConfig, ...natsConfig, ...redisConfig, ...countersConfig });
const good = {
  ZAMENI_PORT: '8100',
  ZAMENI_INSTANCE: 'command-api-1',
  ZAMENI_NATS_SERVERS: '127.0.0.1:4222,127.0.0.1:4223',
  ZAMENI_NATS_USER: 'command-api',
  ZAMENI_NATS_PASSWORD_FILE: '/run/secrets/nats',
  ZAMENI_REDIS_URL: 'redis://query-api@127.0.0.1:6379',
  ZAMENI_REDIS_COUNTERS_URL: 'rediss://query-api@counters.example:6379',
  ZAMENI_REDIS_PASSWORD_FILE: '/run/secrets/redis',
};

test('a good environment is read, with defaults and numbers', (t) => {
  const config = loadConfig(schema, { ...good, PATH: '/bin' });
  t.is(config.ZAMENI_PORT, 8100);
  t.is(config.ZAMENI_HOST, '127.0.0.1');
  t.is(config.ZAMENI_LOG_LEVEL, 'info');
  t.is(config.ZAMENI_NATS_SERVERS, good.ZAMENI_NATS_SERVERS);
});

test('all faults are listed at once, by name and with an example', (t) => {
  const error = t.throws(
    () =>
      loadConfig(schema, {
        ...good,
        ZAMENI_PORT: '99999',
        ZAMENI_NATS_SERVERS: undefined,
        ZAMENI_REDIS_URL: 'secret-value',
        ZAMENI_PROT: '1',
      }),
    { instanceOf: ConfigError },
  );
  t.is(error?.faults.length, 4);
  t.regex(error?.message ?? '', /ZAMENI_PORT is not valid: .* for example 8100/);
  t.regex(error?.message ?? '', /ZAMENI_NATS_SERVERS is missing: .* for example 127\.0\.0\.1:4222/);
  t.regex(error?.message ?? '', /ZAMENI_REDIS_URL is not valid/);
  t.regex(error?.message ?? '', /ZAMENI_PROT is not a variable of this service/);
  t.false(error?.message.includes('secret-value'));
});

test('an empty variable counts as missing', (t) => {
  t.throws(() => loadConfig(schema, { ...good, ZAMENI_NATS_USER: '' }), {
    message: /ZAMENI_NATS_USER is missing/,
  });
});

test('a password in a URL is refused, so that it stays out of the environment', (t) => {
  for (const name of ['ZAMENI_REDIS_URL', 'ZAMENI_REDIS_COUNTERS_URL']) {
    for (const login of [':pw@', 'query-api:pw@']) {
      t.throws(() => loadConfig(schema, { ...good, [name]: `redis://${login}127.0.0.1:6379` }), {
        message: new RegExp(`${name} is not valid`),
      });
    }
  }
});

test('a URL of Redis names its user and no database, because no user may change it', (t) => {
  for (const name of ['ZAMENI_REDIS_URL', 'ZAMENI_REDIS_COUNTERS_URL']) {
    for (const url of ['redis://127.0.0.1:6379', 'redis://query-api@127.0.0.1:6379/1']) {
      t.throws(() => loadConfig(schema, { ...good, [name]: url }), {
        message: new RegExp(`${name} is not valid`),
      });
    }
  }
});

const attempts = Type.Object({ ...attemptKeyConfig, ...attemptLifetimeConfig });
const attemptKeyFile = { ZAMENI_ATTEMPT_KEY_FILE: '/run/secrets/attempts.json' };

test('attempts live seven days by default, thirty at most', (t) => {
  const lifetimeOf = (text?: string) =>
    loadConfig(attempts, { ...attemptKeyFile, ZAMENI_ATTEMPT_LIFETIME_SECONDS: text })
      .ZAMENI_ATTEMPT_LIFETIME_SECONDS;
  t.is(lifetimeOf(), 604_800);
  t.is(lifetimeOf('1'), 1);
  t.is(lifetimeOf('2592000'), 2_592_000);
  for (const text of ['0', '-1', '2592001', '1.5', 'week']) {
    t.throws(() => lifetimeOf(text), { message: /ZAMENI_ATTEMPT_LIFETIME_SECONDS is not valid/ });
  }
});

test('attempts need a ring of keys', (t) => {
  t.throws(() => loadConfig(attempts, {}), { message: /ZAMENI_ATTEMPT_KEY_FILE is missing/ });
});
