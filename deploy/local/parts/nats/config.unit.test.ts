import { NATS_PERMISSIONS, toLogSubject } from '@zameni/contracts';
import test from 'ava';
import { natsConfig } from './config.ts';

const config = natsConfig({
  name: 'n1',
  clusterName: 'zameni-test',
  clientPort: 4001,
  routePort: 4004,
  monitorPort: 4007,
  allRoutePorts: [4004, 4005, 4006],
  dataFolder: '/a folder/data',
  logins: [
    { user: 'admin', password: 'top' },
    { user: 'projector', password: 'secret' },
    { user: 'analyst', password: 'other' },
  ],
  routePassword: 'route-secret',
});

type Account = {
  readonly users: unknown;
  readonly jetstream?: string;
  readonly exports?: readonly { readonly service: string }[];
  readonly imports?: readonly { readonly service: { readonly subject: string }; to: string }[];
};

const accounts = JSON.parse(config.slice(config.indexOf('accounts: ') + 10)) as Record<
  string,
  Account
>;

test('an acknowledgement waits until the disk has the record', (t) => {
  t.regex(config, /sync_interval: always/);
});

test('a user may do what the contracts allow and nothing else', (t) => {
  const { publish, subscribe } = NATS_PERMISSIONS.projector;
  t.deepEqual(accounts['projector']?.users, [
    {
      user: 'projector',
      password: 'secret',
      permissions: { publish: { allow: publish }, subscribe: { allow: subscribe } },
    },
  ]);
});

test('a user has its own account, which imports the subjects it may publish to', (t) => {
  t.deepEqual(Object.keys(accounts), ['LOG', 'projector', 'analyst']);
  t.deepEqual(
    accounts['analyst']?.imports?.map(({ service, to }) => [service.subject, to]),
    NATS_PERMISSIONS.analyst.publish.map((subject) => [toLogSubject(subject), subject]),
  );
  t.is(accounts['analyst']?.jetstream, undefined);
  t.is(accounts['LOG']?.jetstream, 'enabled');
});

test('the log exports to each account its own calls, with their number of replies', (t) => {
  const next = '$JS.API.CONSUMER.MSG.NEXT.ACCOUNTS.*';
  const get = '$JS.API.DIRECT.GET.ACCOUNTS.zameni.account.*';
  const find = (subject: string) =>
    accounts['LOG']?.exports?.filter(({ service }) => service === subject);
  t.deepEqual(find(next), [
    { service: next, accounts: ['projector', 'analyst'], response_type: 'stream' },
  ]);
  t.deepEqual(find(get), [
    { service: get, accounts: ['projector', 'analyst'], response_type: 'singleton' },
  ]);
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
