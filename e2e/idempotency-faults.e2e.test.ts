import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import {
  type Client,
  createClient,
  type RegisterCommand,
  SCOPES,
  type Scope,
} from '@zameni/contracts';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from './actors.ts';
import { pauseProcess } from './atomic-disturb.ts';
import { findLeader, kill } from './crash-recovery-kills.ts';
import { attachSystem } from './system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'idempotency-faults');
const { operator, read } = actors;
const token = await system.token(Object.keys(SCOPES) as Scope[], 'idempotency-faults');
const processes = system.stack.services.filter(({ service }) => service === 'command-api');

test.after.always(() => actors[Symbol.asyncDispose]());

/** Longer than the command API waits for the log to answer an append: it sends it again. */
const LEADER_PAUSE_MS = 3_000;
const RECOVERY_DEADLINE_MS = 30_000;
/** Milliseconds after which a caller that does not wait hangs up: before, while and after the append. */
const LONGEST_PATIENCE_MS = 40;

type Wish = { readonly body: RegisterCommand; readonly key: string };

function wishes(name: string, count: number): Wish[] {
  return Array.from({ length: count }, (_, n) => ({
    body: personAt(`${name}-${n}@idempotency-faults.example.org`),
    key: randomUUID(),
  }));
}

/** The answer to a wish as far as it must never differ, undefined when there was no definite one. */
async function answerOf(client: Client, { body, key }: Wish) {
  const headers = { 'Idempotency-Key': key };
  const answer = await client.registerPerson({ body, headers }).catch(() => undefined);
  if (answer === undefined || answer.status === 503) return undefined;
  const { status } = answer;
  return { status, headers: answer.headers, body: 'code' in answer ? answer.code : answer.body };
}

type Answer = NonNullable<Awaited<ReturnType<typeof answerOf>>>;

/** Asks until there is a definite answer. */
async function ask(wish: Wish): Promise<Answer> {
  let answer: Answer | undefined;
  await waitUntil(async () => {
    answer = await answerOf(operator, wish);
    return answer !== undefined;
  }, RECOVERY_DEADLINE_MS);
  if (answer === undefined) throw new Error('unreachable: it was waited for');
  return answer;
}

/** Every wish has one person of its own, and who got an answer before gets the same again. */
async function isSettled(
  t: ExecutionContext,
  asked: readonly Wish[],
  before: readonly (Answer | undefined)[],
): Promise<void> {
  const ids = new Set<string>();
  for (const [n, wish] of asked.entries()) {
    const answer = await ask(wish);
    t.is(answer.status, 201);
    if (before[n] !== undefined) t.deepEqual(answer, before[n]);
    t.deepEqual(await ask(wish), answer);
    if (typeof answer.body === 'string' || !('userId' in answer.body)) return t.fail();
    ids.add(answer.body.userId);
    const person = await read(answer.body.userId, answer.headers.Position ?? '');
    t.like(person.body, { email: wish.body.email });
  }
  t.is(ids.size, asked.length);
}

/** Sends a wish and hangs up after some milliseconds without having read an answer. */
function askAndLeave(url: string, { body, key }: Wish, afterMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent = request(`${url}/v1/registrations`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
      Authorization: `Bearer ${token}`,
    },
  });
  // Hanging up is an error of the request, and it is what was wanted.
  sent.on('error', () => undefined);
  sent.once('close', resolve);
  sent.end(JSON.stringify(body));
  setTimeout(() => sent.destroy(), afterMs);
  return promise;
}

test('a caller that hung up before the answer gets it when it asks again', async (t) => {
  const asked = wishes('lost', 40);
  await Promise.all(
    asked.map((wish, n) =>
      askAndLeave(processes[n % 2]?.url ?? '', wish, (n / asked.length) * LONGEST_PATIENCE_MS),
    ),
  );
  await isSettled(t, asked, []);
});

test.serial('an append whose reply is lost while the leader is frozen counts once', async (t) => {
  const asked = wishes('frozen', 40);
  const frozen = pauseProcess(await findLeader(await readTestStack()), LEADER_PAUSE_MS);
  const before = await Promise.all(asked.map((wish) => answerOf(operator, wish)));
  await frozen;
  await isSettled(t, asked, before);
});

test.serial(
  'who was in a batch that a rival of another process got rejected gets her answer',
  async (t) => {
    const clients = processes.map(({ url }) => createClient({ baseUrl: url, fetch, token }));
    const bystanders = wishes('bystander', 60);
    const rivals = Array.from({ length: 40 }, (_, n) => ({
      body: personAt(`rival-${n % 10}@idempotency-faults.example.org`),
      key: randomUUID(),
    }));
    const all = bystanders.flatMap((wish, n) => [wish, ...rivals.slice(n, n + 1)]);
    const answers = await Promise.all(
      all.map((wish, n) => answerOf(clients[n % clients.length] ?? operator, wish)),
    );
    const before = bystanders.map((wish) => answers[all.indexOf(wish)]);
    t.true(before.every((answer) => answer !== undefined));
    await isSettled(t, bystanders, before);
    for (const rival of rivals) t.deepEqual(await ask(rival), answers[all.indexOf(rival)]);
  },
);

test.serial('the answer outlives every process of the command API', async (t) => {
  const asked = wishes('restart', 10);
  const before = await Promise.all(asked.map((wish) => answerOf(operator, wish)));
  t.true(before.every((answer) => answer !== undefined));
  await Promise.all(processes.map(({ name }) => kill(name, performance.now())));
  await isSettled(t, asked, before);
});
