import test from 'ava';
import { DEADLINES } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import { runGateway } from '../../deploy/local/parts/gateway/part.fixture.ts';
import { startOwnProcess } from '../support/own-process.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();

/** Without a token, and of a path that only the command API serves. */
const GET = { method: 'GET', path: '/v1/projections' } as const;
const POST = { method: 'POST', path: '/v1/email-verifications' } as const;
const REFUSED = 'GET 401';
const NOT_SERVED = 'POST 404';

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
  // The gateway sends a GET again if its connection breaks, a POST only if it got none.
  const answers = new Map<string, number>();
  const count = (kind: string) => answers.get(kind) ?? 0;
  const ending = new AbortController();
  const load = [GET, POST, GET, POST, GET, POST, GET, POST].map(async ({ path, ...init }) => {
    while (!ending.signal.aborted) {
      const { status, body } = await fetch(url + path, init);
      await body?.cancel();
      const kind = `${init.method} ${status}`;
      answers.set(kind, count(kind) + 1);
    }
  });
  const untilMore = async () => {
    const seen = new Map(answers);
    const isMore = (kind: string) => count(kind) > (seen.get(kind) ?? 0) + 50;
    await waitUntil(() => isMore(REFUSED) && isMore(NOT_SERVED));
  };
  await untilMore();
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
  await untilMore();
  ending.abort();
  await Promise.all(load);
  t.deepEqual([...answers.keys()].toSorted(), [REFUSED, NOT_SERVED]);
});
