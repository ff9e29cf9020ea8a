import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient, type UserId } from '@zameni/contracts';
import { createRegistrationIds, readKeyRing, readKeyRingFile } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { createActors, personAt } from '../support/actors.ts';
import { startOwnProcess } from '../support/own-process.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'doors-reads');
test.after.always(() => actors[Symbol.asyncDispose]());

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const fresh = () => personAt(`${randomUUID()}@doors.example.org`);

/** How often a process has read its stores, and asked the log what it has. */
async function readsOf(url: string): Promise<{ readonly stores: number; readonly log: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n');
  const sum = (expression: RegExp) =>
    lines
      .filter((line) => expression.test(line))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  return {
    stores: sum(/^zameni_reads_total\b/),
    log: sum(/^messaging_client_operation_duration_seconds_count\{.*name="info"/),
  };
}

/** A process looks each second at the head of the log and at its incarnation. */
const OWN_LOOKS_A_SECOND = 2;

/** The seconds since a time, and one that has begun before. */
const secondsSince = (startedAt: number) => Math.ceil((performance.now() - startedAt) / 1_000) + 1;

const status = async (url: string, id: string) => {
  const response = await fetch(`${url}/v1/registrations/${id}`);
  await response.arrayBuffer();
  return response.status;
};

// Serial, so that they end before another test rotates the key that ids are checked by.
test.serial(
  'ids that a stranger makes up end at the API: no store and no leader is asked',
  async (t) => {
    const own = await startOwnProcess(stack, { service: 'query-api', name: 'doors-made-up' });
    t.teardown(() => own[Symbol.asyncDispose]());
    const { id } = await actors.attempt(fresh());
    const before = await readsOf(own.url);
    const startedAt = performance.now();
    for (let n = 0; n < 200; n += 1) {
      const made = n % 2 === 0 ? randomUUID() : `${randomUUID().slice(0, 24)}${id.slice(24)}`;
      if ((await status(own.url, made)) !== 404) t.fail(`${made} was found`);
    }
    const after = await readsOf(own.url);
    t.is(after.stores, before.stores);
    t.true(after.log - before.log <= OWN_LOOKS_A_SECOND * secondsSince(startedAt));
    t.is(await status(own.url, id), 200);
    t.is((await readsOf(own.url)).stores, before.stores + 1);
  },
);

test.serial('what the log lacks is asked of it once a second', async (t) => {
  const own = await startOwnProcess(stack, { service: 'query-api', name: 'doors-absent' });
  t.teardown(() => own[Symbol.asyncDispose]());
  const ids = createRegistrationIds(
    readKeyRing(secretFiles(stack.folders.secrets).registrationIdKey),
  );
  // A UUID is a user id.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const newAbsent = () => ids.fromRandom(randomUUID() as UserId);
  // So many that the looks of the process itself cannot stand for them.
  const beforeEach = await readsOf(own.url);
  const others = Array.from({ length: 40 }, newAbsent);
  for (const id of others) t.is(await status(own.url, id), 404);
  const eachAsked = (await readsOf(own.url)).log - beforeEach.log;
  t.true(eachAsked >= 2 * others.length, `${eachAsked} questions for ${others.length} ids`);
  const absent = newAbsent();
  const before = await readsOf(own.url);
  const startedAt = performance.now();
  for (let n = 0; n < 50; n += 1) t.is(await status(own.url, absent), 404);
  const after = await readsOf(own.url);
  t.is(after.stores, before.stores + 50);
  // Each question is about the attempt and the account.
  const most = (OWN_LOOKS_A_SECOND + 2) * secondsSince(startedAt);
  t.true(after.log - before.log <= most, `${after.log - before.log} of ${most}`);
});

test('reads are limited for a stranger and for a caller, with headers', async (t) => {
  const env = { ZAMENI_LIMIT_NETWORK_READS: '3/60', ZAMENI_LIMIT_CALLER_READS: '5/60' };
  const own = await startOwnProcess(stack, { service: 'query-api', name: 'doors-limits', env });
  t.teardown(() => own[Symbol.asyncDispose]());
  const { id } = await actors.register(fresh());
  const from = `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;
  const ask = async (host: string, token?: string) => {
    const path = token === undefined ? `/v1/registrations/${randomUUID()}` : `/v1/users/${id}`;
    const response = await fetch(`${own.url}${path}`, {
      headers: {
        'x-forwarded-for': `${from}::${host}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    await response.arrayBuffer();
    return response;
  };
  const strangers = [];
  for (const host of ['1', '2', '3', '4']) strangers.push(await ask(host));
  t.deepEqual(
    strangers.map(({ status }) => status),
    [404, 404, 404, 429],
  );
  t.regex(strangers[0]?.headers.get('ratelimit') ?? '', /^"network-reads";r=2;t=\d+$/);
  t.is(strangers[0]?.headers.get('ratelimit-policy'), '"network-reads";q=3;w=60');
  t.regex(strangers[3]?.headers.get('retry-after') ?? '', /^\d+$/);
  const token = await system.token(['users:read'], `doors-${randomUUID()}`);
  const callers = [];
  for (let n = 0; n < 6; n += 1) callers.push(await ask(String(n), token));
  t.deepEqual(
    callers.map(({ status }) => status),
    [200, 200, 200, 200, 200, 429],
  );
  t.regex(callers[0]?.headers.get('ratelimit') ?? '', /^"caller-reads";r=4;t=\d+$/);
});

test('ids from before a rotation of their key are known, and a key of a request makes the same one', async (t) => {
  const anyone = createClient({ baseUrl: system.gatewayUrl, fetch });
  const key = randomUUID();
  const body = fresh();
  const before = await actors.attempt(fresh());
  const keyed = await actors.attempt(body, key);
  const path = secretFiles(stack.folders.secrets).registrationIdKey;
  const args = [zameni, 'keys', 'rotate', 'registration', '--profile', stack.profile, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { current, kept, removed } = JSON.parse(stdout);
  t.is(readKeyRingFile(path).current, current);
  t.true(kept.length > 0);
  t.deepEqual(removed, []);
  t.is((await actors.attempt(body, key)).id, keyed.id);
  const after = await actors.attempt(fresh());
  for (const { id, position } of [before, keyed, after]) {
    await waitUntil(async () => (await actors.status(id, position)) === 'awaiting-proof');
    t.is((await anyone.readRegistration({ params: { id } })).status, 200);
  }
});
