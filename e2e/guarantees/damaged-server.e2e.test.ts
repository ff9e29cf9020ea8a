import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ProjectorStatus, subjectFilters, subjects } from '@zameni/contracts';
import { createStepDown } from '@zameni/runtime';
import { connectTestNats, readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { flipRecords } from '../damage/flip-record.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors, personAt } from '../support/actors.ts';
import { findLeader } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'damaged-server');

test.after.always(() => actors[Symbol.asyncDispose]());

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const BACK_MS = 60_000;
/** The auditor compares ten thousand records a second at best, and the log holds what it holds. */
const FOUND_MS = 180_000;
/** The end of a command, also if its status is not zero. */
const Output = Type.Object({ stdout: Type.String() });
const SERVERS = ['nats-1', 'nats-2', 'nats-3'];

test.serial('a follower that cannot read a claim any more frees no address', async (t) => {
  t.timeout(400_000);
  const stack = await readTestStack();
  const person = personAt(`${randomUUID()}@damaged.example.org`);
  const { id } = await actors.register(person);
  await waitUntil(async () => (await stateOf('n1')) === 'healthy', FOUND_MS);
  const leader = await findLeader(stack);
  const part = SERVERS.find((name) => name !== leader) ?? '';
  const server = `n${part.slice(-1)}`;
  const folder = stack.folders.data[part] ?? '';
  t.teardown(async () => {
    // Whatever happened, the next test gets a whole log.
    const args = ['purge', '--recreate', server, '--profile', stack.profile];
    await promisify(execFile)(process.execPath, [zameni, ...args]);
    await waitUntil(async () => (await stateOf(server)) === 'healthy', FOUND_MS);
  });

  t.true((await flipRecords(folder, subjects.account(id))) > 0);
  t.true((await flipRecords(folder, await claimOf(id))) > 0);
  const pid = stack.pids[part] ?? 0;
  process.kill(pid, 'SIGTERM');
  await waitUntil(async () => (await readTestStack()).pids[part] !== pid, BACK_MS);
  await waitUntil(async () => (await stateOf(server)) === 'damaged', FOUND_MS);
  t.regex(await doctor(), new RegExp(`${server} lacks records`));

  const nc = await connectTestNats(t, 'admin');
  await createStepDown(nc, { stream: 'ACCOUNTS', user: 'admin' })(server);
  const seen = new Set<string>();
  await waitUntil(async () => {
    const [registered, changed] = await Promise.all([
      actors.operator.registerPerson({ body: person }),
      actors.operator.updateUser({ params: { id }, body: { locale: 'sr' } }),
    ]);
    t.true([409, 503].includes(registered.status), `registered again: ${registered.status}`);
    t.true([202, 503].includes(changed.status), `not found: ${changed.status}`);
    const leads = await findLeader(await readTestStack());
    seen.add(leads);
    return leads !== part && registered.status === 409 && changed.status === 202;
  }, BACK_MS);
  t.log(`led meanwhile: ${[...seen].join(', ')}`);
});

/** What the active auditor says of a server. */
async function stateOf(server: string): Promise<string | undefined> {
  const { services } = await readTestStack();
  for (const { url } of services.filter(({ service }) => service === 'projector')) {
    const response = await fetch(`${url}/status`).catch(() => undefined);
    const status: unknown = await response?.json();
    if (!Value.Check(ProjectorStatus, status)) continue;
    const found = status.auditor.servers?.find((one) => one.server === server);
    if (found !== undefined) return found.state;
  }
  return undefined;
}

/** The subject of the claim that was committed with an account. */
async function claimOf(id: string): Promise<string> {
  await using admin = await openAdminLog(system.stack, 'damaged-server');
  const signal = AbortSignal.timeout(10_000);
  const event = await admin.log.readFirst(subjects.account(id), signal);
  if (event === undefined) throw new Error('the account is not in the log');
  // A registration is {claim, key, event}.
  const claim = await admin.log.readFirst(subjectFilters.claims, signal, event.position - 3);
  if (claim === undefined) throw new Error('the claim is not in the log');
  return claim.subject;
}

async function doctor(): Promise<string> {
  const args = ['doctor', '--profile', system.stack.profile];
  const ended = await promisify(execFile)(process.execPath, [zameni, ...args]).catch(
    (error: unknown) => error,
  );
  return Value.Check(Output, ended) ? ended.stdout : '';
}
