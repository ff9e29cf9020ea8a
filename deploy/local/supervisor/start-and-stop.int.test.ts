import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findFreePort, waitUntil } from '@zameni/runtime/testing';
import anyTest, { type ExecutionContext } from 'ava';
import { REPEAT_AFTER_MS } from '../host/interrupts.ts';
import { findSetpriv } from '../host/launch.ts';
import type { FakeChild, FixtureInput } from './start-and-stop.fixture.ts';

// Serial: together these are fifty processes, which start too slowly on two cores.
const { serial: test } = anyTest;

test('starts in order of readiness and drains in reverse order with exit code 0', async (t) => {
  const stack = await startStack(t, [fake('log'), fake('api', ['log']), fake('gate', ['api'])]);
  await stack.waitFor(/^READY/m);
  t.regex(stack.output(), /✔ log[^]*✔ api[^]*✔ gate[^]*READY/);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), 0);
  t.is(await readFile(stack.journal, 'utf8'), 'gate\napi\nlog\n');
  t.true(stack.pids().every(isGone));
});

test('drains on Ctrl-C as on SIGTERM, and the same Ctrl-C twice is one', async (t) => {
  const stack = await startStack(t, [fake('log'), fake('api', ['log'])]);
  await stack.waitFor(/^READY/m);
  stack.supervisor.kill('SIGINT');
  stack.supervisor.kill('SIGINT');
  t.is(await stack.exitCode(), 0);
  t.is(await readFile(stack.journal, 'utf8'), 'api\nlog\n');
});

test('names a taken port and its holder before anything is started', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const port = portOf(holder.address());
  const stack = await startStack(t, [fake('log'), { ...fake('api'), port }]);
  t.is(await stack.exitCode(), 1);
  t.regex(stack.output(), new RegExp(`port ${port}, wanted by api, is held by pid ${process.pid}`));
  t.notRegex(stack.output(), /✔ log/);
});

test('a list out of order starts nothing, and ends with exit code 1', async (t) => {
  for (const parts of [
    [fake('log'), fake('api', ['gate']), fake('gate', ['log'])],
    [fake('log'), fake('api', ['nowhere'])],
  ]) {
    const stack = await startStack(t, parts);
    t.is(await stack.exitCode(), 1);
    t.regex(stack.output(), /api starts after (gate|nowhere), which is not an earlier part/);
    t.notRegex(stack.output(), /✔ log/);
  }
});

test('restarts a child that died, shows its last lines, and reports its new pid', async (t) => {
  const stack = await startStack(t, [fake('log'), fake('api', ['log'])]);
  await stack.waitFor(/^READY/m);
  const before = stack.pid('log');
  process.kill(before, 'SIGUSR2');
  await stack.waitFor(/✔ log back after/);
  t.regex(stack.output(), /log +│ died \(exit code 3\), restarting in 0\.[01] s/);
  t.regex(stack.output(), /log +│ +log exits on SIGUSR2/);
  t.not(stack.pid('log'), before);
  t.true(isGone(before));
  t.false(stack.pids().some(isGone));
  process.kill(stack.pid('log'), 'SIGKILL');
  await stack.waitFor(/died \(SIGKILL\)[^]*✔ log back after/);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), 0);
  t.is(await readFile(stack.journal, 'utf8'), 'api\nlog\n');
  t.true(stack.pids().every(isGone));
});

test('stops the others with exit code 1 when a child keeps dying', async (t) => {
  const stack = await startStack(t, [
    fake('log'),
    { ...fake('api', ['log']), behaviour: 'fails-restart' },
    fake('gate', ['api']),
  ]);
  await stack.waitFor(/^READY/m);
  process.kill(stack.pid('api'), 'SIGKILL');
  t.is(await stack.exitCode(), 1);
  t.regex(stack.output(), /api died 3 times in a row without becoming ready \(exit code 1\)/);
  t.regex(stack.output(), /api │ Error: api starts only once/);
  t.is(await readFile(stack.journal, 'utf8'), 'gate\nlog\n');
  t.true(stack.pids().every(isGone));
});

test('drains with exit code 0 while a child waits for its restart', async (t) => {
  const stack = await startStack(t, [fake('log'), fake('api', ['log'])], {
    restartDelayMs: 60_000,
  });
  await stack.waitFor(/^READY/m);
  process.kill(stack.pid('log'), 'SIGKILL');
  await stack.waitFor(/log +│ died \(SIGKILL\), restarting in \d\d\.\d s/);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), 0);
  t.is(await readFile(stack.journal, 'utf8'), 'api\n');
  t.true(stack.pids().every(isGone));
});

test('names a child that fails its drain, with exit code 1', async (t) => {
  const stack = await startStack(t, [
    fake('log'),
    { ...fake('api', ['log']), behaviour: 'fails-drain' },
    fake('gate', ['api']),
  ]);
  await stack.waitFor(/^READY/m);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), 1);
  t.regex(stack.output(), /✘ api failed to drain \(exit code 4\)/);
  t.is(await readFile(stack.journal, 'utf8'), 'gate\napi\nlog\n');
});

const killsAtDeadline = anyTest.macro(async (t, mustDrain: boolean, exitCode: number) => {
  const stubborn = { ...fake('api', ['log']), behaviour: 'ignores-sigterm', mustDrain } as const;
  const stack = await startStack(t, [fake('log'), { ...stubborn, stopDeadlineMs: 300 }]);
  await stack.waitFor(/^READY/m);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), exitCode);
  t.regex(stack.output(), /✘ api was killed, it did not stop within 0\.3 s/);
  t.is(await readFile(stack.journal, 'utf8'), 'log\n');
  t.true(stack.pids().every(isGone));
});

test('names a service that had to be killed, with exit code 1', killsAtDeadline, true, 1);
test('names a server that had to be killed, with exit code 0', killsAtDeadline, false, 0);

test('notices a death when the log cannot be read', async (t) => {
  const stack = await startStack(t, [fake('log')], { restartDelayMs: 60_000 });
  await stack.waitFor(/^READY/m);
  const log = join(dirname(stack.journal), 'log.log');
  await rm(log);
  await mkdir(log);
  process.kill(stack.pid('log'), 'SIGKILL');
  await stack.waitFor(/log +│ died \(SIGKILL\), restarting[^]*its log cannot be read/);
  stack.supervisor.kill('SIGTERM');
  t.is(await stack.exitCode(), 0);
});

test('fails the start when a child dies before it is ready', async (t) => {
  const stack = await startStack(t, [
    fake('log'),
    { ...fake('api', ['log']), behaviour: 'fails-start' },
    fake('gate', ['api']),
  ]);
  t.is(await stack.exitCode(), 1);
  t.regex(stack.output(), /api ended unexpectedly \(exit code 1\)/);
  t.regex(stack.output(), /api │ Error: api cannot start/);
  t.notRegex(stack.output(), /✔ gate/);
  t.is(await readFile(stack.journal, 'utf8'), 'log\n');
});

test('a second signal kills a child that does not stop', async (t) => {
  const stack = await startStack(t, [{ ...fake('stubborn'), behaviour: 'ignores-sigterm' }]);
  await stack.waitFor(/^READY/m);
  stack.supervisor.kill('SIGINT');
  // Repeated until one counts as the second signal, which needs a second between them.
  const repeat = setInterval(() => stack.supervisor.kill('SIGINT'), REPEAT_AFTER_MS / 4);
  t.teardown(() => clearInterval(repeat));
  t.is(await stack.exitCode(), 130);
  await waitUntil(() => stack.pids().every(isGone));
  t.pass();
});

test('kill -9 of the supervisor leaves no process', async (t) => {
  if (findSetpriv() === null) return t.pass('only Linux kills children with their parent');
  const stack = await startStack(t, [
    fake('log'),
    { ...fake('stubborn', ['log']), behaviour: 'ignores-sigterm' },
  ]);
  await stack.waitFor(/^READY/m);
  stack.supervisor.kill('SIGKILL');
  await waitUntil(() => stack.pids().every(isGone));
  t.is(stack.pids().length, 2);
});

type FakeWithoutPort = Omit<FakeChild, 'port'> & { readonly port?: number };

function fake(name: string, after: readonly string[] = []): FakeWithoutPort {
  return { name, after, behaviour: 'drains', stopDeadlineMs: 10_000, mustDrain: true };
}

async function startStack(
  t: ExecutionContext,
  fakes: readonly FakeWithoutPort[],
  { restartDelayMs = 100 } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const children: FakeChild[] = [];
  for (const child of fakes) children.push({ port: await findFreePort(), ...child });
  const journal = join(folder, 'journal');
  const input: FixtureInput = { folder, journal, restartDelayMs, children };
  const fixture = join(import.meta.dirname, 'start-and-stop.fixture.ts');
  const supervisor = spawn(process.execPath, [fixture, JSON.stringify(input)]);
  t.teardown(() => supervisor.kill('SIGKILL'));
  return observe(supervisor, input.journal);
}

function observe(supervisor: ChildProcess, journal: string) {
  let output = '';
  const collect = (chunk: string) => {
    output += chunk;
  };
  supervisor.stdout?.setEncoding('utf8').on('data', collect);
  supervisor.stderr?.setEncoding('utf8').on('data', collect);
  const closed = once(supervisor, 'close');
  const pidsByName = (): Record<string, number> =>
    JSON.parse([...output.matchAll(/^READY (.*)$/gm)].at(-1)?.[1] ?? '{}');
  return {
    supervisor,
    journal,
    output: () => output,
    waitFor: (pattern: RegExp) =>
      waitUntil(() => pattern.test(output)).catch((cause: unknown) => {
        throw new Error(`never saw ${pattern} in:\n${output}`, { cause });
      }),
    exitCode: async () => {
      await closed;
      return supervisor.exitCode;
    },
    pids: () => Object.values(pidsByName()),
    pid: (name: string) => pidsByName()[name] ?? 0,
  };
}

/** True if a process has ended, also while its parent has not read its status. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No such process, or no such file: it is gone.
    return true;
  }
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
