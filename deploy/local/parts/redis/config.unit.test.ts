import { REDIS_RIGHTS, REDIS_SERVERS, REDIS_USERS } from '@zameni/contracts';
import test from 'ava';
import { redisUsers } from './part.ts';
import { redisConfig } from './config.ts';

const services = ['command-api', 'projector', 'query-api', 'monitor'] as const;

function configOf(server: (typeof REDIS_SERVERS)[number], users = redisUsers('local')): string {
  const logins = users.map((user) => ({ user, password: `password of ${user}` }));
  return redisConfig({ server, port: 4001, folder: '/a folder', logins });
}

function usersIn(config: string): Map<string, string> {
  const lines = config.matchAll(/^user (\S+) (.*)$/gm);
  return new Map([...lines].map(([, name = '', rights = '']) => [name, rights]));
}

for (const server of REDIS_SERVERS) {
  test(`${server}: nobody is in without a password, and no password is in the file`, (t) => {
    const config = configOf(server);
    const users = usersIn(config);
    t.is(users.get('default'), 'off resetpass resetkeys resetchannels -@all');
    t.deepEqual(
      [...users.keys()].slice(1),
      services.filter((user) => REDIS_RIGHTS[server][user] !== undefined),
    );
    for (const [name, rights] of [...users].slice(1)) {
      t.regex(rights, /^on #[0-9a-f]{64} resetchannels -@all /, name);
    }
    t.notRegex(config, /password|nopass|requirepass/);
  });

  test(`${server}: its users have single commands, none that lists, empties or configures`, (t) => {
    const config = configOf(server);
    t.regex(config, /^slowlog-log-slower-than -1$/m);
    t.notRegex(config, /[+]@|allkeys |~\*(?: |$)|allcommands/m);
    const dangerous =
      /\+(?:flush|config|keys|scan|script|debug|shutdown|acl|monitor|slowlog|select|swapdb)/i;
    t.notRegex(config, dangerous);
  });
}

test('keys have the rights that the table says, reading and writing apart', (t) => {
  const users = usersIn(configOf('cache'));
  t.regex(users.get('query-api') ?? '', / %R~zameni:watermark:\* %RW~zameni:view:\*$/);
  t.regex(users.get('command-api') ?? '', / \+hget %R~zameni:watermark:\*$/);
  t.regex(users.get('monitor') ?? '', / -@all \+ping \+info \+client\|setname$/);
  t.is(usersIn(configOf('counters')).get('projector'), undefined);
});

test('only stacks of tests and benchmarks have a user that may do everything', (t) => {
  t.false(redisUsers('local').includes('tester'));
  t.deepEqual(redisUsers('test'), REDIS_USERS);
  const users = usersIn(configOf('cache', redisUsers('bench')));
  t.regex(users.get('tester') ?? '', / \+@all %RW~\*$/);
});

test('the cache forgets, and the counters do not', (t) => {
  t.regex(configOf('cache'), /^maxmemory 268435456\nmaxmemory-policy allkeys-lru$/m);
  t.regex(configOf('counters'), /^maxmemory 67108864\nmaxmemory-policy noeviction$/m);
});
