import test from 'ava';
import { layOutPorts } from '../profile/ports.ts';
import { parseScale, SERVICES } from '../profile/scale.ts';
import { secretFiles } from '../secrets/files.ts';
import { type EnvironmentSource, serviceEnvironment } from './service-environment.ts';

const source: EnvironmentSource = {
  profile: 'test',
  ports: layOutPorts(9080, parseScale('')),
  layout: { secrets: secretFiles('secrets'), issuersFile: 'issuers.json' },
  telemetry: null,
};
const telemetry = { receiverUrl: 'http://127.0.0.1:9164', traceRatio: 0.01 };

test('every service sends its spans to the receiver, by the ratio of the gateway', (t) => {
  for (const service of SERVICES) {
    t.like(serviceEnvironment({ ...source, telemetry }, service), {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9164',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    });
  }
});

test('the limits of the local stack can be set, those of tests and benchmarks cannot', (t) => {
  const limits = { ZAMENI_LIMIT_CLIENT: '10/60', ZAMENI_LIMIT_NETWORK_READS: '5/60' };
  Object.assign(process.env, limits);
  t.teardown(() => {
    for (const name of Object.keys(limits)) Reflect.deleteProperty(process.env, name);
  });
  const local = { ...source, profile: 'local' } as const;
  t.like(serviceEnvironment(local, 'command-api'), { ZAMENI_LIMIT_CLIENT: '10/60' });
  t.like(serviceEnvironment(local, 'query-api'), { ZAMENI_LIMIT_NETWORK_READS: '5/60' });
  t.like(serviceEnvironment(source, 'command-api'), { ZAMENI_LIMIT_CLIENT: 'off' });
  t.like(serviceEnvironment(source, 'query-api'), { ZAMENI_LIMIT_NETWORK_READS: 'off' });
});

test('only the projector asks the servers of the log about themselves', (t) => {
  const file = secretFiles('secrets').natsUsers.monitor;
  const holders = SERVICES.filter((service) =>
    Object.values(serviceEnvironment(source, service)).includes(file),
  );
  t.deepEqual(holders, ['projector']);
});

test('without telemetry a service gets no address for spans', (t) => {
  for (const service of SERVICES) {
    const names = Object.keys(serviceEnvironment(source, service));
    t.false(names.includes('OTEL_TRACES_SAMPLER'), service);
  }
});

test('each service logs in to Redis as itself, and counters are for those that count', (t) => {
  for (const service of ['command-api', 'projector', 'query-api'] as const) {
    const env = serviceEnvironment(source, service);
    t.is(env['ZAMENI_REDIS_URL'], `redis://${service}@127.0.0.1:9143`);
    t.is(env['ZAMENI_REDIS_PASSWORD_FILE'], `secrets/redis-${service}.password`);
    const counters = service === 'projector' ? undefined : `redis://${service}@127.0.0.1:9147`;
    t.is(env['ZAMENI_REDIS_COUNTERS_URL'], counters);
  }
  t.deepEqual(
    Object.keys(serviceEnvironment(source, 'mailer')).filter((name) => name.includes('REDIS')),
    [],
  );
});
