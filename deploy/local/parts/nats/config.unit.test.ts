import { NATS_PERMISSIONS, toImported } from '@zameni/contracts';
import test from 'ava';
import { natsConfig } from './config.ts';

const config = natsConfig({
  name: 'n1',
  clusterName: 'zameni-test',
  clientPort: 4001,
  routePort: 4004,
  allRoutePorts: [4004, 4005, 4006],
  dataFolder: '/a folder/data',
  logins: [
    { user: 'admin', password: 'top' },
    { user: 'projector', password: 'secret' },
    { user: 'analyst', password: 'other' },
    { user: 'monitor', password: 'third' },
  ],
  routePassword: 'route-secret',
});

type Account = {
  readonly users: unknown;
  readonly jetstream?: string;
  readonly exports?: readonly { readonly service: string }[];
  readonly imports?: readonly { readonly service: object; readonly to: string }[];
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
  t.deepEqual(Object.keys(accounts), ['LOG', '$SYS', 'projector', 'analyst', 'monitor']);
  t.deepEqual(
    accounts['analyst']?.imports,
    NATS_PERMISSIONS.analyst.publish.map((to) => ({ service: toImported(to), to })),
  );
  t.is(accounts['analyst']?.jetstream, undefined);
  t.is(accounts['LOG']?.jetstream, 'enabled');
});

test('the log exports to each account its own calls, with their number of replies', (t) => {
  const next = '$JS.API.CONSUMER.MSG.NEXT.ACCOUNTS.projector-7';
  const get = '$JS.API.DIRECT.GET.ACCOUNTS.zameni.account.*';
  const find = (subject: string) =>
    accounts['LOG']?.exports?.filter(({ service }) => service === subject);
  t.deepEqual(find(next), [{ service: next, accounts: ['projector'], response_type: 'stream' }]);
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

test('listens on loopback only, for clients and routes, which all log in', (t) => {
  t.deepEqual(config.match(/(?:listen|http|https|port|http_port|https_port|monitor_port): .+/g), [
    'listen: "127.0.0.1:4001"',
    'listen: "127.0.0.1:4004"',
  ]);
});

test('the account of the servers has no user, and answers the monitor only', (t) => {
  const system = accounts['$SYS'];
  t.is(system?.users, undefined);
  t.deepEqual(
    system?.exports,
    ['VARZ', 'JSZ', 'HEALTHZ'].map((report) => ({
      service: `$SYS.REQ.SERVER.*.${report}`,
      accounts: ['monitor'],
      response_type: 'singleton',
    })),
  );
});
