import test from 'ava';
import { pgbouncerConfig, pgbouncerUsers } from './pgbouncer-config.ts';
import { scramSecretOf } from './scram-secret.ts';

const config = pgbouncerConfig({
  port: 4000,
  primaryPort: 4001,
  replicaPort: 4002,
  userFile: '/a/users.txt',
  hasStatsUser: true,
});

test('who connects and does not log in is disconnected soon', (t) => {
  t.regex(config, /^client_login_timeout = 5$/m);
});

test('the list of users has no password', (t) => {
  const users = pgbouncerUsers({ one: 'first-password', two: 'second-password' });
  t.is(
    users,
    `"one" "${scramSecretOf('one', 'first-password')}"\n"two" "${scramSecretOf('two', 'second-password')}"\n`,
  );
});
