import { ACCOUNTS_STREAM, type ProjectorStatus } from '@zameni/contracts';
import test from 'ava';
import { judgeRedis } from './redis.ts';
import { judgePool, judgeReplication, judgeServer as judgePostgres } from './database.ts';
import { judgeAttemptKeys } from './keys.ts';
import { judgeServer as judgeNats, judgeStream } from './log.ts';
import { checkFreeSpace, checkNode, softLimit } from './machine.ts';
import { check, type Finding } from './report.ts';
import {
  judgeClock,
  judgeCopies,
  judgeErasures,
  judgeMails,
  judgeParked,
  judgeProjection,
  judgeService,
} from './services.ts';
import type { ServiceStatus } from '../stack/read-status.ts';

const levelOf = (finding: Finding) => (typeof finding === 'string' ? 'ok' : finding.level);
const judges = test.macro<[() => Finding, 'ok' | 'warn' | 'fail', RegExp]>(
  (t, judge, level, found) => {
    const finding = judge();
    t.is(levelOf(finding), level);
    t.regex(typeof finding === 'string' ? finding : finding.found, found);
    if (typeof finding !== 'string') t.not(finding.remedy, '');
  },
);

test('Node 24 is ok', judges, () => checkNode('24.0.0'), 'ok', /24/);
test('Node 22 is too old', judges, () => checkNode('22.9.0'), 'fail', /24 is needed/);
test('much free space is ok', judges, () => checkFreeSpace(50), 'ok', /50.0 GiB/);
test('little free space is a warning', judges, () => checkFreeSpace(3), 'warn', /3.0 GiB/);
test('almost no free space is a failure', judges, () => checkFreeSpace(0.5), 'fail', /0.5 GiB/);

test('reads the soft limit of open files', (t) => {
  t.is(
    softLimit('Max cpu time  unlimited\nMax open files            1024     4096    files\n'),
    1_024,
  );
  t.is(
    softLimit('Max open files            unlimited  unlimited  files\n'),
    Number.POSITIVE_INFINITY,
  );
  t.is(softLimit(''), Number.POSITIVE_INFINITY);
});

const days = (...numbers: readonly number[]) => numbers.map((day) => `2026-03-0${day}`);
const judgeDays = (...numbers: readonly number[]) => {
  return judgeAttemptKeys(days(...numbers), new Date('2026-03-04T23:59:00Z'), 'tend');
};
test(
  'attempt keys for today and the next days are ok',
  judges,
  () => judgeDays(3, 4, 5, 6, 7),
  'ok',
  /5 days, until 2026-03-07/,
);
test(
  'attempt keys that end soon are a warning',
  judges,
  () => judgeDays(3, 4, 5),
  'warn',
  /none for 2026-03-06, 2026-03-07: nobody/,
);
test(
  'no attempt key for today is a failure',
  judges,
  () => judgeDays(2, 3),
  'fail',
  /none for today \(2026-03-04\)/,
);

const nats = { version: '2.15.1', leader: 'n1', isSynced: true, unhealthy: null };
test(
  'a NATS server that syncs and has a leader is ok',
  judges,
  () => judgeNats(nats),
  'ok',
  /2\.15/,
);
test(
  'an old NATS server is a failure',
  judges,
  () => judgeNats({ ...nats, version: '2.9' }),
  'fail',
  /bug/,
);
test(
  'acknowledging before the write to disk is a failure',
  judges,
  () => judgeNats({ ...nats, isSynced: false }),
  'fail',
  /before it writes/,
);
test(
  'a cluster without a leader is a failure',
  judges,
  () => judgeNats({ ...nats, leader: '' }),
  'fail',
  /no leader/,
);

test(
  'a NATS server that does not call itself healthy is a warning',
  judges,
  () => judgeNats({ ...nats, unhealthy: 'JetStream is not current' }),
  'warn',
  /not healthy: JetStream is not current/,
);

const stream = (current: readonly boolean[], leader = 'n1', config: object = ACCOUNTS_STREAM) => ({
  config,
  state: { messages: 7, last_seq: 7 },
  cluster: { leader, replicas: current.map((current, n) => ({ name: `n${n + 2}`, current })) },
});
test(
  'three current replicas are ok',
  judges,
  () => judgeStream(stream([true, true])),
  'ok',
  /3 of 3/,
);
test(
  'two current replicas are a warning',
  judges,
  () => judgeStream(stream([true, false])),
  'warn',
  /2 of 3/,
);
test(
  'one current replica is a failure',
  judges,
  () => judgeStream(stream([false, false])),
  'fail',
  /1 of 3/,
);
test(
  'a stream without a leader is a failure',
  judges,
  () => judgeStream(stream([true, true], '')),
  'fail',
  /nobody/,
);
test(
  'a stream with other settings is a failure',
  judges,
  () => judgeStream(stream([true, true], 'n1', { ...ACCOUNTS_STREAM, num_replicas: 1 })),
  'fail',
  /num_replicas/,
);

const postgres = { version: '15.18 (Debian)', is_replica: false, fsync: 'on', now_ms: 1_000 };
test('a primary is ok', judges, () => judgePostgres([postgres], false, 1_000), 'ok', /15\.18/);
test(
  'a primary in the place of the replica is a failure',
  judges,
  () => judgePostgres([postgres], true, 1_000),
  'fail',
  /not a replica/,
);
test(
  'Postgres without fsync is a failure',
  judges,
  () => judgePostgres([{ ...postgres, fsync: 'off' }], false, 1_000),
  'fail',
  /fsync/,
);
test(
  'a wrong clock is a failure',
  judges,
  () => judgePostgres([postgres], false, 60_000),
  'fail',
  /59 s off/,
);
test('a missing replica is a failure', judges, () => judgeReplication([]), 'fail', /no replica/);
test(
  'a streaming replica is ok',
  judges,
  () => judgeReplication([{ state: 'streaming', lag_bytes: 0, lag_seconds: 0 }]),
  'ok',
  /streaming/,
);
test(
  'a replica far behind is a warning',
  judges,
  () => judgeReplication([{ state: 'streaming', lag_bytes: 1e9, lag_seconds: 9 }]),
  'warn',
  /behind/,
);
test(
  'a pool that leads to the wrong server is a failure',
  judges,
  () => judgePool('PgBouncer 1.18.0', { is_replica: false }, { is_replica: false }),
  'fail',
  /wrong/,
);
test(
  'a pool that leads to both servers is ok',
  judges,
  () => judgePool('PgBouncer 1.18.0', { is_replica: false }, { is_replica: true }),
  'ok',
  /1\.18/,
);
test(
  'reads the report of Redis',
  judges,
  () => judgeRedis('redis_version:7.0.15\r\nused_memory_human:1.2M\r\n'),
  'ok',
  /7\.0\.15, 1\.2M/,
);
test(
  'an old Redis is a failure',
  judges,
  () => judgeRedis('redis_version:6.2.14\r\n'),
  'fail',
  /7\.0/,
);

const service = (role: ProjectorStatus['role'], lag: number, parked = 0): ServiceStatus => ({
  name: 'projector-1',
  url: '',
  state: 'ready',
  missing: [],
  degraded: [],
  milliseconds: 1,
  projection: { role, position: 10, head: 10 + lag, lag, parked },
  mailer: null,
  auditor: null,
  eraser: null,
});

const audited = (...states: readonly ('healthy' | 'unknown' | 'damaged')[]): ServiceStatus => ({
  ...service('active', 0),
  auditor: {
    role: 'active',
    servers: states.map((state, index) => ({ server: `n${index + 1}`, state })),
    comparedUpTo: 10,
  },
});
test(
  'copies of the log that agree are ok',
  judges,
  () => judgeCopies([service('standby', 0), audited('healthy', 'healthy', 'healthy')]),
  'ok',
  /^3 copies agree/,
);
test(
  'a copy that is not compared yet is a warning',
  judges,
  () => judgeCopies([audited('healthy', 'unknown', 'healthy')]),
  'warn',
  /^n2 came back/,
);
test(
  'a damaged copy is a failure',
  judges,
  () => judgeCopies([audited('unknown', 'healthy', 'damaged')]),
  'fail',
  /^n3 lacks records/,
);
test('copies that nobody compares are a warning', judges, () => judgeCopies([]), 'warn', /^no aud/);

const erasing = (eraser: ServiceStatus['eraser']) => ({ ...service('active', 0), eraser });
test(
  'an eraser that does all deletions is ok',
  judges,
  () =>
    judgeErasures([erasing({ role: 'standby' }), erasing({ role: 'active', left: 2, stuck: 0 })]),
  'ok',
  /^2 deletion records left/,
);
test(
  'a deletion that cannot be done is a failure',
  judges,
  () => judgeErasures([erasing({ role: 'active', left: 2, stuck: 1, stuckReason: 'record 7: x' })]),
  'fail',
  /^1 deletion records cannot be done; record 7: x/,
);
test('no active eraser is a warning', judges, () => judgeErasures([]), 'warn', /^no eraser/);

test(
  'an active projector that keeps up is ok',
  judges,
  () => judgeProjection([service('active', 2), service('standby', 0)]),
  'ok',
  /1 on standby/,
);
test(
  'a projector far behind is a warning',
  judges,
  () => judgeProjection([service('active', 5_000)]),
  'warn',
  /5000/,
);
test(
  'no active projector is a failure',
  judges,
  () => judgeProjection([service('standby', 0)]),
  'fail',
  /no projector/,
);
test(
  'a log that is another one is a failure, and the remedy says what to do',
  judges,
  () => {
    const stalled = service('stalled', 0);
    const reason = 'log-mismatch: 354 was read, and the log ends at 177';
    const projection = stalled.projection && { ...stalled.projection, reason };
    return judgeProjection([{ ...stalled, projection }]);
  },
  'fail',
  /^log-mismatch: 354/,
);
test('nothing parked is ok', judges, () => judgeParked([service('active', 0)]), 'ok', /^no acc/);
test(
  'a parked account is a warning, whichever projector knows it',
  judges,
  () => judgeParked([service('standby', 0), service('active', 0, 3)]),
  'warn',
  /^3 accounts/,
);
test(
  'an unknown number of parked accounts is no fault of them',
  judges,
  () => judgeParked([{ ...service('active', 0), projection: null }]),
  'ok',
  /nobody knows/,
);
test(
  'names the dependency that a service misses',
  judges,
  () => judgeService({ ...service('active', 0), state: 'not-ready', missing: ['nats'] }, 'log'),
  'fail',
  /nats/,
);
test(
  'a clock within seconds is ok',
  judges,
  () => judgeClock('Mon, 23 Nov 2026 01:00:00 GMT', Date.UTC(2026, 10, 23, 1, 0, 2)),
  'ok',
  /within/,
);
test(
  'a clock a minute away is a failure',
  judges,
  () => judgeClock('Mon, 23 Nov 2026 01:00:00 GMT', Date.UTC(2026, 10, 23, 1, 1)),
  'fail',
  /60 s/,
);

test('an error in a check is a failure with a remedy', async (t) => {
  const look = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('refused') }));
  t.deepEqual(await check({ area: 'log', name: 'nats-1', remedy: 'npm start', look }), {
    area: 'log',
    name: 'nats-1',
    level: 'fail',
    found: 'refused',
    remedy: 'npm start',
  });
});

const mailer = (abandoned: number, unknown = 0): ServiceStatus => {
  const mails = { waiting: 4, sending: 1, abandoned, unknown, oldestWaitingSeconds: 9 };
  const progress = { role: 'active', position: 10, head: 10, lag: 0, mails } as const;
  return { ...service('active', 0), name: 'mailer-1', projection: null, mailer: progress };
};
test('mails that wait are ok', judges, () => judgeMails([mailer(0)]), 'ok', /4 waiting/);
test(
  'an abandoned mail is a warning',
  judges,
  () => judgeMails([mailer(2)]),
  'warn',
  /2 abandoned/,
);
test('an unknown mail is a warning', judges, () => judgeMails([mailer(0, 1)]), 'warn', /1 unknown/);
test(
  'a stack without a mailer is ok',
  judges,
  () => judgeMails([service('active', 0)]),
  'ok',
  /no/,
);
