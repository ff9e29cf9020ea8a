import test from 'ava';
import { postgresConfig } from './config.ts';

const primary = { port: 4000, passFile: "/it's here/passfile", slot: 'slot' };
const base = { port: 4001, clusterName: 'c', hbaFile: '/a/pg_hba.conf' };

test('a primary follows no other server', (t) => {
  t.notRegex(postgresConfig(base), /primary_conninfo/);
});

test('a replica follows the primary through its slot', (t) => {
  const config = postgresConfig({ ...base, primary });
  t.regex(config, /^primary_conninfo = 'host=127\.0\.0\.1 port=4000 user=zameni_replication /m);
  t.regex(config, /^primary_slot_name = 'slot'$/m);
  t.regex(config, /^hot_standby_feedback = on$/m);
});

test('a path with a quote is valid in both the connection string and the file', (t) => {
  const config = postgresConfig({ ...base, primary });
  t.true(config.includes(String.raw`passfile=''/it\\''s here/passfile''`));
});

test('a replica that is away does not fill the disk', (t) => {
  t.regex(postgresConfig(base), /^max_slot_wal_keep_size = \d+GB$/m);
});

test('listens on loopback only and on no socket', (t) => {
  const config = postgresConfig(base);
  t.regex(config, /^listen_addresses = '127\.0\.0\.1'$/m);
  t.regex(config, /^unix_socket_directories = ''$/m);
});

test('no segment of the write-ahead log is reused, on primary and replica', (t) => {
  for (const config of [postgresConfig(base), postgresConfig({ ...base, primary })]) {
    t.regex(config, /^wal_recycle = off$/m);
    t.regex(config, /^wal_init_zero = on$/m);
  }
});

test('who connects and does not log in is disconnected soon, by primary and replica', (t) => {
  for (const config of [postgresConfig(base), postgresConfig({ ...base, primary })]) {
    t.regex(config, /^authentication_timeout = 5s$/m);
  }
});
