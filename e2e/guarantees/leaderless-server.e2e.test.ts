import { setTimeout as pause } from 'node:timers/promises';
import { ACCOUNTS_STREAM, subjects } from '@zameni/contracts';
import { askServer, createJetStreamLog, type NatsConnection } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { startSplitLog } from '../partition/split-log.ts';

const ID = '0199b3d6-94a3-7c3e-8000-000000000001';
const STREAM = ACCOUNTS_STREAM.name;

/** Longer than the election time-out of a server, and than a server must run to answer alone (10 s). */
const ALONE_MS = 14_000;

const { signal } = new AbortController();

test('a server that is cut off and lacks a registration does not say that it does not exist', async (t) => {
  t.timeout(120_000);
  await using split = await startSplitLog();
  await using closing = new AsyncDisposableStack();
  const near = await split.own.connectNearLeader();
  closing.defer(() => near.close());
  const alone = split.own.servers.findIndex(({ name }) => name !== near.info?.server_name);
  const nc = await split.own.connect(alone);
  closing.defer(() => nc.close());
  const log = await createJetStreamLog(nc, { stream: STREAM, user: 'admin' });
  const accepting = await createJetStreamLog(near, { stream: STREAM, user: 'admin' });
  const subject = subjects.attempt(ID);
  t.is(await log.head(signal), 0);

  split.cutOff(alone);
  const message = { subject, data: '{}', expectedPosition: 0 };
  t.like(await accepting.append([message], signal), { status: 'appended', lastPosition: 1 });
  const until = performance.now() + ALONE_MS;
  const errors = new Set<string>();
  let ownAnswers = 0;
  while (performance.now() < until) {
    if (await answersFromOwnStore(nc)) ownAnswers += 1;
    for (const asked of await Promise.allSettled([
      log.hasRecord(subject, signal),
      log.head(signal),
    ])) {
      if (asked.status === 'fulfilled') return t.fail(`it answered ${asked.value}`);
      errors.add(String(Reflect.get(Object(asked.reason), 'name')));
    }
    await pause(100);
  }
  t.log(`${ownAnswers} answers from its own store`);
  // Otherwise this test would show nothing.
  t.true(ownAnswers > 0);
  t.true(errors.has('LeaderlessError'));

  const itself = split.own.servers[alone];
  if (itself === undefined) return t.fail('it is not there');
  // It knows soon that it is alone.
  await waitUntil(async () => !(await itself.isHealthy()));
  const said = await askServer(itself.watched, 'JSZ', { streams: true }, signal);
  t.is(said.name, itself.name, 'nobody else answered');
  t.regex(JSON.stringify(said.data), /"last_seq":0/);

  split.heal();
  while (!(await log.hasRecord(subject, signal).catch(() => false))) await pause(100);
  t.is(await log.head(signal), 1);
});

/** Whether a server says of itself what it has, without a leader. */
async function answersFromOwnStore(nc: NatsConnection): Promise<boolean> {
  const subject = `$JS.API.STREAM.INFO.${STREAM}`;
  const reply = await nc.request(subject, '', { timeout: 300 }).catch(() => undefined);
  const text = reply?.string() ?? '';
  return text.includes('"last_seq":0') && !text.includes('"leader"');
}
