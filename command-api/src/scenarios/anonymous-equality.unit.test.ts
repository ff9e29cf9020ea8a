import type { RegistrationAccepted } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { toUserId } from '../log/log.fixture.ts';
import { type Api, as, createApi, key, operator, person } from '../testing/api.fixture.ts';
import { assertDone } from '../testing/done.fixture.ts';

const resend = '/v1/email-verifications/resend';
const otherBody = { ...person, displayName: 'Somebody' };

/** Possible states of an address. */
const KINDS = {
  new: async () => undefined,
  pending: ({ attempt }) => attempt(),
  unproven: ({ register }) => register(),
  proven: ({ join }) => join(),
  deactivated: async ({ join, send }) => {
    const url = `/v1/users/${await join()}/deactivations`;
    assertDone(await send({ url, body: { reasonCode: 'abuse' }, headers: operator }));
  },
  disowned: async ({ register, confirm }) =>
    assertDone(await confirm(await register(), {}, { notMine: true })),
  erased: joinAndErase,
} as const satisfies Record<string, (api: Api) => Promise<unknown>>;

async function joinAndErase({ join, send }: Api): Promise<void> {
  const url = `/v1/users/${await join()}`;
  assertDone(await send({ method: 'DELETE', url, headers: operator }));
}

/** A log in memory that records its calls. */
function createWatchedLog() {
  const asked: string[] = [];
  const watch =
    <Args extends unknown[], Result>(name: string, operation: (...args: Args) => Result) =>
    (...args: Args) => {
      asked.push(name);
      return operation(...args);
    };
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: watch('append', memory.append),
    readLast: watch('readLast', memory.readLast),
    readSubject: watch('readSubject', memory.readSubject),
    readFirst: watch('readFirst', memory.readFirst),
    readLastFromLeader: watch('readLastFromLeader', memory.readLastFromLeader),
  };
  return { log, asked };
}

/** An API whose address is in a state, and the calls of its log from then on. */
async function prepare(t: ExecutionContext, prepareKind: (api: Api) => Promise<unknown>) {
  const { log, asked } = createWatchedLog();
  const api = createApi(t, { log });
  await prepareKind(api);
  asked.length = 0;
  return { ...api, asked };
}

const isTheSame = test.macro<[(api: Api) => Promise<unknown>]>({
  title: (_, prepareKind) => `a stranger learns nothing about an address: ${prepareKind.name}`,
  exec: async (t, prepareKind) => {
    const api = await prepare(t, prepareKind);
    const { post, send, asked } = api;
    t.is((await post()).statusCode, 202);
    t.deepEqual(asked.splice(0), ['append'], 'without a key');
    const first = await post(person, key);
    t.is(first.statusCode, 202);
    t.deepEqual(asked.splice(0), ['append'], 'with a key');
    t.is((await send({ url: resend, body: { email: person.email } })).statusCode, 202);
    t.deepEqual(asked.splice(0), ['append'], 'a wish for a mail');
    t.is((await post(person, as('somebody', 'users:read'))).statusCode, 202);
    t.deepEqual(asked.splice(0), ['append'], 'with a token without the scope');
    const again = await post(person, key);
    t.deepEqual(asked.splice(0), ['append', 'readLastFromLeader'], 'a retry');
    const { statusCode, body } = again;
    t.deepEqual([statusCode, body], [202, first.body]);
    t.is(again.headers['position'], first.headers['position']);
    t.is((await post(otherBody, key)).statusCode, 422);
    t.deepEqual(asked.splice(0), ['append', 'readLastFromLeader'], 'a retry with another body');
  },
});
for (const kind of Object.values(KINDS)) test(isTheSame, kind);

/** Changes of the address by other people after a stranger's attempt. */
const AFTERWARDS = {
  open: async () => undefined,
  'beside a new account': ({ join }) => join(),
  'beside a vouched account': ({ register }) => register(),
  'beside an erased account': joinAndErase,
} as const satisfies Record<string, (api: Api) => Promise<unknown>>;

for (const [name, happen] of Object.entries(AFTERWARDS)) {
  test(`a retry does not reveal what happened to the address: ${name}`, async (t) => {
    const api = await prepare(t, async () => undefined);
    const first = await api.post(person, key);
    await happen(api);
    api.asked.length = 0;
    const again = await api.post(person, key);
    t.is(again.body, first.body);
    t.is(again.headers['position'], first.headers['position']);
    t.deepEqual(api.asked, ['append', 'readLastFromLeader']);
  });
}

test('a retry after the instant is a new registration for every state of the address', async (t) => {
  for (const happen of Object.values(KINDS)) {
    const api = createApi(t);
    const { log, peppers, rings } = api;
    const brief = createApi(t, { log, peppers, ...rings, attemptLifetimeMs: 0 });
    const first = await brief.post(person, key);
    await happen(api);
    const again = await brief.post(person, key);
    t.is(again.body, first.body);
    const id = toUserId(again.json<RegistrationAccepted>().registrationId);
    t.is(api.positionOf(again), (await api.attemptsOf(id)).at(-1)?.position);
    t.is((await api.attemptsOf(id)).length, 2);
  }
});

test('later answers do not reveal the state of the address at registration', async (t) => {
  const { post, register, asked } = await prepare(t, async () => undefined);
  await register();
  for (const headers of [{}, key, key]) await post(person, headers);
  asked.length = 0;
  t.is((await post({ ...person, email: 'other@example.org' }, operator)).statusCode, 201);
  t.deepEqual(asked, ['append']);
});

test('conflicts of others do not slow a stranger, whose response time would reveal them', async (t) => {
  const { post, register, asked } = await prepare(t, async () => undefined);
  await register();
  t.is((await post(person, operator)).statusCode, 409);
  asked.length = 0;
  await post();
  t.deepEqual(asked, ['append']);
});
