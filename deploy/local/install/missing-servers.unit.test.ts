import test from 'ava';
import { missingServersError } from './missing-servers.ts';
import { SERVER_CATALOG } from './server-catalog.ts';

test('names everything that is missing and the commands of apt and brew', (t) => {
  const { message } = missingServersError(
    [
      { name: 'redis', entry: SERVER_CATALOG.redis, rejected: [] },
      { name: 'haproxy', entry: SERVER_CATALOG.haproxy, rejected: ['/usr/sbin/haproxy is 1.8.4'] },
    ],
    'only root may install packages',
  );
  t.regex(message, /redis-server 7\.0 or newer$/m);
  t.regex(message, /haproxy 2\.4 or newer \(\/usr\/sbin\/haproxy is 1\.8\.4\)/);
  t.regex(message, /only root may install packages/);
  t.regex(message, /apt-get install --no-install-recommends redis-server haproxy/);
  t.regex(message, /brew install redis haproxy/);
});

test('names a source of a nats-server that is new enough', (t) => {
  const missing = [{ name: 'nats', entry: SERVER_CATALOG.nats, rejected: [] }] as const;
  t.regex(missingServersError(missing, 'no').message, /nats-server\/testing/);
});
