import { createServer } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { type AskOptions, untilEveryProcess } from './processes.ts';

type Service = AskOptions['stack']['services'][number];

/** A process that reports the given rings. */
async function startProcess(t: ExecutionContext, service: Service['service'], rings: object) {
  const server = createServer((_, response) => response.end(JSON.stringify(rings)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { name: `${service}-1`, service, url: `http://127.0.0.1:${port}`, port };
}

function ask(services: readonly Service[], deadlineMs = 500) {
  const stack = { services } as unknown as AskOptions['stack'];
  const { signal } = new AbortController();
  const options = { stack, ring: 'kek', signal, deadlineMs } as const;
  return untilEveryProcess(options, ({ keys }) => keys.includes('2'));
}

const kek = (...keys: readonly string[]) => ({ kek: { current: '1', keys } });

test('waits for a process that has not yet read the ring', async (t) => {
  const rings = kek('1');
  const slow = await startProcess(t, 'projector', rings);
  const quick = await startProcess(t, 'command-api', kek('1', '2'));
  let isDone = false;
  const asked = ask([quick, slow], 20_000).then(() => (isDone = true));
  // By then the process was asked at least once.
  await fetch(slow.url);
  t.false(isDone);
  Object.assign(rings, kek('1', '2'));
  await asked;
  t.true(isDone);
});

test('names a process that does not read the ring', async (t) => {
  const services = [
    await startProcess(t, 'command-api', kek('1', '2')),
    await startProcess(t, 'projector', kek('1')),
  ];
  await t.throwsAsync(ask(services), { code: 'ring-not-read', message: /^projector-1 has not/ });
});

test('names a process that does not answer or reports no rings', async (t) => {
  const api = await startProcess(t, 'command-api', kek('1', '2'));
  const away = { name: 'projector-1', service: 'projector', url: 'http://127.0.0.1:1', port: 1 };
  await t.throwsAsync(ask([api, away as Service]), {
    code: 'process-unreachable',
    message: /^projector-1 does not answer/,
  });
  const other = await startProcess(t, 'projector', { live: true });
  await t.throwsAsync(ask([api, other]), { code: 'process-unreachable' });
});

test('asks only processes that hold the ring', async (t) => {
  const api = await startProcess(t, 'command-api', kek('1', '2'));
  const query = await startProcess(t, 'query-api', {});
  await t.notThrowsAsync(ask([api, query]));
});
