import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Client,
  createClient,
  type RegisterCommand,
  SCOPES,
  type Scope,
} from '@zameni/contracts';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { pauseProcess } from '../atomicity/disturb.ts';
import { createActors, personAt } from '../support/actors.ts';
import { findLeader, kill } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'idempotency-faults');
const { operator, anyone, read, status: statusOf } = actors;
const token = await system.token(Object.keys(SCOPES) as Scope[], 'idempotency-faults');
const processes = system.stack.services.filter(({ service }) => service === 'command-api');

test.after.always(() => actors[Symbol.asyncDispose]());

/** Longer than the command API waits for the answer to an append, so it sends the append again. */
const LEADER_PAUSE_MS = 3_000;
/** A caller gives up an answer while the leader is still paused. */
const GIVEN_UP_MS = 1_500;
const MAX_ROUNDS = 3;
/** Milliseconds after which a caller hangs up: before, during and after the append. */
const LONGEST_PATIENCE_MS = 40;

/** The caller: one who vouches, or the public. */
type Kind = 'vouched' | 'public';
type Wish = { readonly kind: Kind; readonly body: RegisterCommand; readonly key: string };

function wishes(kind: Kind, name: string, count: number): Wish[] {
  return Array.from({ length: count }, (_, n) => ({
    kind,
    body: personAt(`${name}-${kind}-${n}@idempotency-faults.example.org`),
    key: randomUUID(),
  }));
}

/** The parts of an answer that must never differ. Undefined if there was no definite answer. */
async function answerOf({ kind, body, key }: Wish, client = clientOf(kind)) {
  const headers = { 'Idempotency-Key': key };
  const answer = await client.registerPerson({ body, headers }).catch(() => undefined);
  if (answer === undefined || answer.status === 503) return undefined;
  const { status } = answer;
  return { status, headers: answer.headers, body: 'code' in answer ? answer.code : answer.body };
}

function clientOf(kind: Kind): Client {
  return kind === 'vouched' ? operator : anyone;
}

type Answer = NonNullable<Awaited<ReturnType<typeof answerOf>>>;

/** Retries until there is a definite answer. */
async function ask(wish: Wish): Promise<Answer> {
  let answer: Answer | undefined;
  await waitUntil(async () => {
    answer = await answerOf(wish);
    return answer !== undefined;
  });
  if (answer === undefined) throw new Error('unreachable: waitUntil sets it');
  return answer;
}

/** Every wish has its own account or attempt. An earlier answer is repeated. */
async function isSettled(
  t: ExecutionContext,
  asked: readonly Wish[],
  before: readonly (Answer | undefined)[],
): Promise<void> {
  const ids = new Set<string>();
  for (const [n, wish] of asked.entries()) {
    const answer = await ask(wish);
    if (before[n] !== undefined) t.deepEqual(answer, before[n]);
    t.deepEqual(await ask(wish), answer);
    if (typeof answer.body === 'string') return t.fail(answer.body);
    const position = answer.headers.Position ?? '';
    if ('userId' in answer.body) {
      t.is(wish.kind, 'vouched');
      ids.add(answer.body.userId);
      const person = await read(answer.body.userId, position);
      t.like(person.body, { email: wish.body.email });
    } else {
      t.is(wish.kind, 'public');
      ids.add(answer.body.registrationId);
      t.is(await statusOf(answer.body.registrationId, position), 'awaiting-proof');
    }
  }
  t.is(ids.size, asked.length);
}

/** Sends a wish and hangs up after some milliseconds without reading an answer. */
function askAndLeave(url: string, { kind, body, key }: Wish, afterMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent = request(`${url}/v1/registrations`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
      ...(kind === 'vouched' ? { Authorization: `Bearer ${token}` } : {}),
    },
  });
  // Hanging up is an error of the request, and it is intended here.
  sent.on('error', () => undefined);
  sent.once('close', resolve);
  sent.end(JSON.stringify(body));
  setTimeout(() => sent.destroy(), afterMs);
  return promise;
}

const hungUp = test.macro<[Kind]>({
  title: (_, kind) => `a ${kind} caller that hung up before the answer gets it on a retry`,
  exec: async (t, kind) => {
    const asked = wishes(kind, 'lost', 40);
    await Promise.all(
      asked.map((wish, n) =>
        askAndLeave(processes[n % 2]?.url ?? '', wish, (n / asked.length) * LONGEST_PATIENCE_MS),
      ),
    );
    await isSettled(t, asked, []);
  },
});
test.serial(hungUp, 'vouched');
test.serial(hungUp, 'public');

test.serial('an append whose reply is lost while the leader is frozen counts once', async (t) => {
  const asked = [...wishes('vouched', 'frozen', 40), ...wishes('public', 'frozen', 40)];
  const frozen = pauseProcess(await findLeader(await readTestStack()), LEADER_PAUSE_MS);
  const before = await Promise.all(asked.map((wish) => answerOf(wish)));
  await frozen;
  await isSettled(t, asked, before);
});

/** Changes people while the leader is paused, then retries. Returns how many had landed before. */
async function changeWhileFrozen(t: ExecutionContext, name: string): Promise<number> {
  const people = await Promise.all(
    wishes('vouched', name, 20).map(async ({ body }) => {
      const { id, position } = await actors.register(body);
      const answer = await read(id, position);
      if (answer.status !== 200) throw new Error('a person who was registered is not read');
      return { id, tag: answer.headers.ETag, key: randomUUID() };
    }),
  );
  const change = ({ id, tag, key }: (typeof people)[number], isKeyed = true) =>
    operator.updateUser({
      params: { id },
      body: { displayName: 'Vera Changed' },
      headers: { 'If-Match': tag, ...(isKeyed ? { 'Idempotency-Key': key } : {}) },
    });
  const frozen = pauseProcess(await findLeader(await readTestStack()), LEADER_PAUSE_MS);
  const given = await Promise.all(
    people.map((person) =>
      Promise.race([change(person).catch(() => undefined), pause(GIVEN_UP_MS, undefined)]),
    ),
  );
  await frozen;
  // Read at a later position, to see what has landed before any retry.
  const [marker] = wishes('vouched', `marker-${name}`, 1);
  const after = marker && (await ask(marker)).headers.Position;
  let landed = 0;
  for (const [n, person] of people.entries()) {
    const first = given[n];
    const seen = await read(person.id, after ?? '');
    if (first !== undefined && first.status !== 503) {
      // Another leader was elected sooner than usual, and took it.
      t.is(first.status, 202);
    } else if (seen.status === 200 && seen.body.version === 2) {
      landed += 1;
      // Without its key, a retry is refused for the very change that it asks for.
      await waitUntil(async () => (await change(person, false)).status === 412);
    }
    let position = '';
    await waitUntil(async () => {
      const answer = await change(person);
      if (answer.status === 202) position = answer.headers.Position;
      return answer.status !== 503;
    });
    if (first?.status === 202) t.is(position, first.headers.Position);
    const last = await read(person.id, position);
    t.like(last, { status: 200, body: { displayName: 'Vera Changed', version: 2 } });
  }
  t.log(`${landed} of ${people.length} changes landed after their answers were given up`);
  return landed;
}

test.serial('a change that landed after its answer was given up is not made again', async (t) => {
  let landed = 0;
  // A process that has heard that the leader is frozen sends it nothing more.
  for (let n = 0; n < MAX_ROUNDS && landed === 0; n += 1) {
    landed = await changeWhileFrozen(t, `changed-${n}`);
  }
  t.true(landed > 0);
});

test.serial(
  'a caller gets their answer although a rival of another process got the batch rejected',
  async (t) => {
    const clients = processes.map(({ url }) => createClient({ baseUrl: url, fetch, token }));
    const bystanders = wishes('vouched', 'bystander', 60);
    const rivals = Array.from({ length: 40 }, (_, n) => ({
      kind: 'vouched' as const,
      body: personAt(`rival-${n % 10}@idempotency-faults.example.org`),
      key: randomUUID(),
    }));
    const all = bystanders.flatMap((wish, n) => [wish, ...rivals.slice(n, n + 1)]);
    const answers = await Promise.all(
      all.map((wish, n) => answerOf(wish, clients[n % clients.length])),
    );
    const before = bystanders.map((wish) => answers[all.indexOf(wish)]);
    t.true(before.every((answer) => answer !== undefined));
    await isSettled(t, bystanders, before);
    // No address became free since, so a refused wish is refused again.
    for (const rival of rivals) t.deepEqual(await ask(rival), answers[all.indexOf(rival)]);
    const won = rivals.filter((rival) => answers[all.indexOf(rival)]?.status === 201);
    t.is(won.length, 10);
  },
);

test.serial('the answer outlives every process of the command API', async (t) => {
  const asked = [...wishes('vouched', 'restart', 10), ...wishes('public', 'restart', 10)];
  const before = await Promise.all(asked.map((wish) => answerOf(wish)));
  t.true(before.every((answer) => answer !== undefined));
  await Promise.all(processes.map(({ name }) => kill(name, performance.now())));
  await isSettled(t, asked, before);
});
