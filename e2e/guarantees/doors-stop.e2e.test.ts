import test from 'ava';
import { DEADLINES } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import { runGateway } from '../../deploy/local/parts/gateway.fixture.ts';
import { startOwnProcess } from '../support/own-process.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();

test('a process that is stopped leaves the gateway first, and no request is refused', async (t) => {
  const names = ['query-api-stays', 'query-api-leaves'];
  const [stays, leaves] = await Promise.all(
    names.map((name) => startOwnProcess(system.stack, { service: 'query-api', name })),
  );
  if (stays === undefined || leaves === undefined) throw new Error('they did not start');
  t.teardown(() => stays[Symbol.asyncDispose]());
  const queryApi = [stays, leaves].map(({ url }, index) => ({
    name: names[index] ?? '',
    port: Number(new URL(url).port),
  }));
  const [service] = queryApi;
  if (service === undefined) throw new Error('there is no process');
  const targets = { 'command-api': queryApi, 'query-api': queryApi };
  const { url } = await runGateway(t, { service, targets });
  const statuses = new Map<number, number>();
  const ending = new AbortController();
  const load = Array.from({ length: 8 }, async () => {
    while (!ending.signal.aborted) {
      const { status, body } = await fetch(`${url}/v1/projections`);
      await body?.cancel();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  await waitUntil(() => (statuses.get(401) ?? 0) > 50);
  process.kill(leaves.pid, 'SIGTERM');
  await waitUntil(async () => (await fetch(`${leaves.url}/readyz`)).status === 503);
  // Still answers, until the gateway has seen it.
  t.is((await fetch(`${leaves.url}/livez`)).status, 200);
  const closed = () =>
    fetch(`${leaves.url}/livez`).then(
      () => false,
      () => true,
    );
  await waitUntil(closed, DEADLINES.stop);
  const seen = statuses.get(401) ?? 0;
  await waitUntil(() => (statuses.get(401) ?? 0) > seen + 50);
  ending.abort();
  await Promise.all(load);
  t.deepEqual([...statuses.keys()], [401]);
});
