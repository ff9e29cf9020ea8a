import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type ErasureView } from '@zameni/contracts';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { readCommands, runCommand } from '../erasure/runbook-commands.ts';
import { createActors, personAt } from '../support/actors.ts';
import { findLeader } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'erasure-outage');
const { operator, read } = actors;
test.after.always(() => actors[Symbol.asyncDispose]());

const COMMAND_DEADLINE_MS = 90_000;
const HEADING = 'An erasure stays `under-way`';

/** Removes a server of the log: its replacement is frozen before it listens. */
async function takeAway(t: ExecutionContext, part: string): Promise<() => void> {
  const pid = await pidOf(part);
  process.kill(pid, 'SIGKILL');
  await waitUntil(async () => (await pidOf(part)) !== pid);
  const frozen = await pidOf(part);
  process.kill(frozen, 'SIGSTOP');
  const giveBack = () => {
    try {
      process.kill(frozen, 'SIGCONT');
    } catch {
      // The old one is gone, a new one runs.
    }
  };
  t.teardown(giveBack);
  return giveBack;
}

async function pidOf(part: string): Promise<number> {
  const pid = (await readTestStack()).pids[part];
  if (pid === undefined) throw new Error(`${part} is not running`);
  return pid;
}

async function progressOf(id: string): Promise<ErasureView> {
  const answer = await operator.readErasure({ params: { id } });
  if (answer.status !== 200) throw new Error(`the progress was answered ${answer.status}`);
  return answer.body;
}

/** The unfinished stores, and their members that are away. */
function left({ stores }: ErasureView): string[][] {
  return stores
    .filter(({ erasedAt }) => erasedAt === null)
    .map(({ store, away = [] }) => [store, ...away]);
}

test('a log server that was away during an erasure is named until it is recreated', async (t) => {
  t.timeout(4 * COMMAND_DEADLINE_MS);
  const { id } = await actors.join(personAt('outage@erasure.example.org'));
  const leader = await findLeader(await readTestStack());
  const part = ['nats-3', 'nats-2'].find((name) => name !== leader) ?? 'nats-1';
  const server = part.replace('nats-', 'n');
  const giveBack = await takeAway(t, part);

  // Clients that were connected to it must find another server first.
  let status = 0;
  await waitUntil(async () => {
    ({ status } = await operator.eraseUser({ params: { id } }));
    return status === 202;
  });
  await waitUntil(async () => left(await progressOf(id)).length === 1);
  t.deepEqual(left(await progressOf(id)), [['log-servers', server]]);
  t.is((await progressOf(id)).status, 'under-way');

  giveBack();
  const command = readCommands(HEADING).find((one) => / n2$/m.test(one)) ?? '';
  t.regex(command, / n2$/m);
  const { stack } = system;
  const moved = join(`${stack.folders.data[part]}.old`, 'left-by-a-run-that-was-cut-off');
  mkdirSync(moved, { recursive: true });
  const recreate = command.replace(' n2', ` ${server}`);
  t.log(await runCommand(recreate, { stack, deadlineMs: COMMAND_DEADLINE_MS }));
  t.false(existsSync(moved));
  const progress = await progressOf(id);
  t.is(progress.status, 'done', JSON.stringify(progress));

  const next = await actors.join(personAt('outage@erasure.example.org'));
  t.is((await read(next.id, next.position)).status, 200);
  const token = await system.token(['users:read']);
  const reader = createClient({ baseUrl: system.gatewayUrl, fetch, token });
  t.is((await reader.readUser({ params: { id } })).status, 410);
});
