import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { waitUntil } from '../testing/wait.ts';
import { DEADLINES } from './deadlines.ts';
import { EXIT_CONFIG } from './lifecycle.ts';

const fixture = join(import.meta.dirname, 'lifecycle.fixture.ts');
const good = {
  ZAMENI_INSTANCE: 'fixture-1',
  ZAMENI_REDIS_URL: 'redis://query-api@127.0.0.1:6379',
  ZAMENI_REDIS_PASSWORD_FILE: '/run/secrets/redis',
  ZAMENI_FIXTURE: 'sound',
};
const allReleased = ['released last', 'released second', 'released first'];

/** A service as a process: its lines, its log, and its end. */
function startService(t: ExecutionContext, environment: Record<string, string>) {
  const child = spawn(process.execPath, [fixture], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line));
    else lines.push(line);
  });
  const stderr = text(child.stderr);
  const closed = once(child, 'close');
  return {
    child,
    lines,
    log,
    logged: (message: string) => log.filter((entry) => entry['message'] === message),
    says: (line: string) => waitUntil(() => lines.includes(line)),
    end: async () => {
      const [code, signal]: (number | string | null)[] = await closed;
      return { code, signal, stderr: await stderr };
    },
  };
}

type Service = ReturnType<typeof startService>;

/** A service that listens, and its port. */
async function startListening(t: ExecutionContext, fault = 'sound') {
  const service = startService(t, { ...good, ZAMENI_FIXTURE: fault });
  const port = () => service.lines.find((line) => line.startsWith('listening '))?.split(' ')[1];
  await waitUntil(() => port() !== undefined || isEnded(service.child));
  return { ...service, url: `http://127.0.0.1:${port()}` };
}

function isEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function releasesOf({ lines }: Pick<Service, 'lines'>): string[] {
  return lines.filter((line) => line.startsWith('released '));
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test.serial(
    `${signal} releases what was opened, last in first out, and ends with 0`,
    async (t) => {
      const service = await startListening(t);
      service.child.kill(signal);
      t.deepEqual(await service.end(), { code: 0, signal: null, stderr: '' });
      t.deepEqual(service.lines.slice(1), ['stopping', ...allReleased]);
      t.is(service.logged('draining')[0]?.['zameni.signal'], signal);
      t.like(service.logged('stopped')[0], {
        'process.exit_code': 0,
        'service.node.name': 'fixture-1',
      });
    },
  );
}

test.serial('accepted work finishes while draining, and no new work is accepted', async (t) => {
  const service = await startListening(t);
  const answer = fetch(`${service.url}/held`);
  await service.says('accepted');
  service.child.kill('SIGTERM');
  await service.says('released last');
  await waitUntil(() =>
    fetch(`${service.url}/livez`).then(
      () => false,
      () => true,
    ),
  );
  t.deepEqual(releasesOf(service), ['released last']);
  service.child.stdin.end();
  const response = await answer;
  t.is(response.status, 200);
  t.is(await response.text(), 'done');
  // A kept-alive connection would delay the drain until its deadline.
  t.is(response.headers.get('connection'), 'close');
  t.like(await service.end(), { code: 0, stderr: '' });
  t.deepEqual(service.lines.slice(-3), ['finished', 'released second', 'released first']);
});

test.serial(
  'behind a gateway a service is first not ready, and closes after a pause',
  async (t) => {
    const service = await startListening(t, 'leaves');
    t.is((await fetch(`${service.url}/readyz`)).status, 200);
    const signalledAt = performance.now();
    service.child.kill('SIGTERM');
    await waitUntil(async () => (await fetch(`${service.url}/readyz`)).status === 503);
    t.like(await (await fetch(`${service.url}/readyz`)).json(), { ready: false, leaving: true });
    t.is((await fetch(`${service.url}/livez`)).status, 200);
    t.false(service.lines.includes('stopping'));
    t.like(await service.end(), { code: 0, stderr: '' });
    t.true(performance.now() - signalledAt >= DEADLINES.leave);
    t.deepEqual(releasesOf(service), allReleased);
  },
);

test.serial('a service that fails does not wait for the gateway', async (t) => {
  const service = await startListening(t, 'leaves');
  const failedAt = performance.now();
  const request = new AbortController();
  fetch(`${service.url}/throw`, { signal: request.signal }).catch(() => undefined);
  await service.says('stopping');
  t.true(performance.now() - failedAt < DEADLINES.leave);
  request.abort();
  t.like(await service.end(), { code: 1 });
});

test.serial('a second signal neither hurries nor repeats the drain', async (t) => {
  const service = await startListening(t);
  const answer = fetch(`${service.url}/held`);
  await service.says('accepted');
  for (const [index, signal] of (['SIGTERM', 'SIGTERM', 'SIGINT'] as const).entries()) {
    service.child.kill(signal);
    await waitUntil(() => service.logged('draining').length === index + 1);
  }
  t.false(isEnded(service.child));
  service.child.stdin.end();
  t.is((await answer).status, 200);
  t.like(await service.end(), { code: 0, signal: null, stderr: '' });
  t.deepEqual(releasesOf(service), allReleased);
  t.is(service.logged('stopped').length, 1);
});

test.serial(
  'a resource that cannot be released ends with 1, and the others are released',
  async (t) => {
    const service = await startListening(t, 'cannot-release');
    service.child.kill('SIGTERM');
    t.like(await service.end(), { code: 1, stderr: '' });
    t.deepEqual(releasesOf(service), ['released last', 'released first']);
    t.like(service.logged('drain failed')[0], {
      'error.message': 'the second cannot be released',
    });
  },
);

test.serial('a resource that hangs ends with 1 at the deadline of the drain', async (t) => {
  const service = await startListening(t, 'hangs');
  service.child.kill('SIGTERM');
  t.like(await service.end(), { code: 1, stderr: '' });
  t.deepEqual(service.lines.slice(-2), ['hanging', 'just before the deadline']);
  t.like(service.logged('drain failed')[0], { 'error.message': 'drain deadline exceeded' });
});

for (const [what, path, message] of [
  ['an uncaught exception', '/throw', 'nobody catches this'],
  ['an unhandled rejection', '/reject', 'nobody handles this'],
] as const) {
  test.serial(`${what} releases what was opened and ends with 1`, async (t) => {
    const service = await startListening(t);
    const request = new AbortController();
    t.teardown(() => request.abort());
    fetch(service.url + path, { signal: request.signal }).catch(() => undefined);
    await service.says('released last');
    // The request is not answered. Its client disconnects, so that nothing delays the drain.
    request.abort();
    t.like(await service.end(), { code: 1, signal: null, stderr: '' });
    t.deepEqual(releasesOf(service), allReleased);
    t.like(service.logged('service failed')[0], {
      'log.level': 'fatal',
      'error.message': message,
    });
  });
}

test.serial(
  'an uncaught exception while draining ends with 1, and the drain goes on',
  async (t) => {
    const service = await startListening(t, 'throws-late');
    service.child.kill('SIGTERM');
    t.like(await service.end(), { code: 1, signal: null, stderr: '' });
    t.deepEqual(releasesOf(service), allReleased);
    t.like(service.logged('service failed')[0], { 'error.message': 'nobody catches this' });
  },
);

test.serial('a start that fails releases what it had opened and ends with 1', async (t) => {
  const service = startService(t, { ...good, ZAMENI_FIXTURE: 'cannot-start' });
  t.like(await service.end(), { code: 1, stderr: '' });
  t.deepEqual(releasesOf(service), ['released second', 'released first']);
  t.like(service.logged('service failed')[0], { 'error.message': 'the third cannot be opened' });
});

test.serial(
  'a wrong environment ends with 78 and all faults on stderr, before anything starts',
  async (t) => {
    const password = 'correct-horse-battery';
    const service = startService(t, {
      ...good,
      ZAMENI_INSTANCE: `Not a name: ${password}`,
      ZAMENI_REDIS_URL: `redis://user:${password}@127.0.0.1:6379/0`,
      ZAMENI_REDIS_PASSWORD_FILE: '',
      ZAMENI_REDIS_PASSWORD: password,
    });
    const { code, stderr } = await service.end();
    t.is(code, EXIT_CONFIG);
    t.is(EXIT_CONFIG, 78);
    const [headline, ...faults] = stderr.trimEnd().split('\n');
    t.is(headline, 'The environment has 4 fault(s):');
    t.deepEqual(
      faults.map((fault) =>
        /^ {2}(\w+) is (missing|not valid|not a variable)/.exec(fault)?.slice(1),
      ),
      [
        ['ZAMENI_INSTANCE', 'not valid'],
        ['ZAMENI_REDIS_URL', 'not valid'],
        ['ZAMENI_REDIS_PASSWORD_FILE', 'missing'],
        ['ZAMENI_REDIS_PASSWORD', 'not a variable'],
      ],
    );
    t.false(stderr.includes(password));
    t.deepEqual([...service.lines, ...service.log], []);
  },
);
