import test, { type ExecutionContext } from 'ava';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const QUOTA = 200;
const FAULTY = 50;

async function start(t: ExecutionContext) {
  const own = await startOwnCommandApi(system, {
    name: 'command-api-counted',
    env: { ZAMENI_LIMIT_CLIENT: `${QUOTA}/60` },
  });
  t.teardown(() => own[Symbol.asyncDispose]());
  return own;
}

test('fifty faulty registrations of the public count', async (t) => {
  const { url } = await start(t);
  const bodies = ['{}', '{', '{"email":5}', `{"x":"${'x'.repeat(5_000)}"}`, '"\\u0000"'];
  const remaining: number[] = [];
  for (let n = 0; n < FAULTY; n += 1) {
    const answer = await fetch(`${url}/v1/registrations`, {
      method: 'POST',
      headers: { 'content-type': n % 6 === 5 ? 'text/plain' : 'application/json' },
      body: bodies[n % bodies.length] ?? '',
    });
    await answer.text();
    t.true([400, 413, 415, 422].includes(answer.status), String(answer.status));
    remaining.push(Number(/;r=(\d+);/.exec(answer.headers.get('ratelimit') ?? '')?.[1]));
  }
  const [first = 0] = remaining;
  t.true(first < QUOTA);
  t.true((remaining.at(-1) ?? QUOTA) <= first - (FAULTY - 1));
});
