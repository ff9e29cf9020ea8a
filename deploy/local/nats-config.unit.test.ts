import { NATS_PERMISSIONS } from '@zameni/contracts';
import test from 'ava';
import { natsConfig } from './nats-config.ts';

const config = natsConfig({
  name: 'n1',
  clusterName: 'zameni-test',
  clientPort: 4001,
  routePort: 4004,
  monitorPort: 4007,
  allRoutePorts: [4004, 4005, 4006],
  dataFolder: '/a folder/data',
  logins: [{ user: 'projector', password: 'secret' }],
  routePassword: 'route-secret',
});

test('an acknowledgement waits for the disk', (t) => {
  t.regex(config, /sync_interval: always/);
});

test('a user may do what contracts allow and nothing else', (t) => {
  const { publish, subscribe } = NATS_PERMISSIONS.projector;
  t.true(config.includes(`publish { allow: ${JSON.stringify(publish)} }`));
  t.true(config.includes(`subscribe { allow: ${JSON.stringify(subscribe)} }`));
});

test('knows all routes of the cluster and their password', (t) => {
  t.deepEqual(config.match(/nats-route:.+/g), [
    'nats-route://route:route-secret@127.0.0.1:4004',
    'nats-route://route:route-secret@127.0.0.1:4005',
    'nats-route://route:route-secret@127.0.0.1:4006',
  ]);
});

test('listens on loopback only', (t) => {
  t.deepEqual(config.match(/(?:listen|http): .+/g), [
    'listen: "127.0.0.1:4001"',
    'http: "127.0.0.1:4007"',
    'listen: "127.0.0.1:4004"',
  ]);
});
