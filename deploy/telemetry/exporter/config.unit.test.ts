import { ConfigError } from '@zameni/runtime/config';
import test from 'ava';
import { readExporterConfig } from './config.ts';

test('reads names and places', (t) => {
  const config = readExporterConfig({
    ZAMENI_PORT: '8165',
    ZAMENI_NATS_SERVERS: 'n1=127.0.0.1:8131,n2=127.0.0.1:8132',
    ZAMENI_NATS_PASSWORD_FILE: '/run/secrets/nats-monitor',
    ZAMENI_WATCHED_FOLDERS: 'nats-1=/var/lib/a=b',
    ZAMENI_GATEWAY_LOG_PORT: '8174',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:8164',
  });
  t.deepEqual(config, {
    host: '127.0.0.1',
    port: 8165,
    nats: {
      servers: [
        { name: 'n1', place: '127.0.0.1:8131' },
        { name: 'n2', place: '127.0.0.1:8132' },
      ],
      user: 'monitor',
      passwordFile: '/run/secrets/nats-monitor',
    },
    folders: [{ name: 'nats-1', place: '/var/lib/a=b' }],
    certificates: [],
    pgbouncer: null,
    gateway: { logPort: 8174, tracesUrl: 'http://127.0.0.1:8164' },
  });
});

test('names every fault at once', (t) => {
  const fault = t.throws(
    () =>
      readExporterConfig({
        ZAMENI_PORT: '0',
        ZAMENI_NATS_SERVERS: '127.0.0.1:8131',
        ZAMENI_PGBOUNCER_URL: 'postgres://user:secret@127.0.0.1/pgbouncer',
        ZAMENI_GATEWAY_LOG_PORT: '8174',
        ZAMENI_WATCHED_FOLDER: '/',
      }),
    { instanceOf: ConfigError },
  );
  t.deepEqual(
    fault.faults.map((line) => line.split(' ')[0]),
    [
      'ZAMENI_PORT',
      'ZAMENI_NATS_SERVERS',
      'ZAMENI_PGBOUNCER_URL',
      'ZAMENI_WATCHED_FOLDER',
      'ZAMENI_NATS_SERVERS',
      'ZAMENI_PGBOUNCER_URL',
      'ZAMENI_GATEWAY_LOG_PORT',
    ],
  );
  t.notRegex(fault.message, /secret@/);
});

test('refuses an endpoint that is no address, and one with credentials', (t) => {
  for (const url of ['http://collector:port', 'http://:4318', 'http://user:secret@collector']) {
    const environment = {
      ZAMENI_PORT: '8165',
      ZAMENI_GATEWAY_LOG_PORT: '8174',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
    };
    const fault = t.throws(() => readExporterConfig(environment), { instanceOf: ConfigError });
    t.regex(fault.message, /OTEL_EXPORTER_OTLP_ENDPOINT is not valid/);
    t.false(fault.message.includes('secret'));
  }
});
