import { randomUUID } from 'node:crypto';
import { type Client, createClient, SCOPES, type Scope, subjects } from '@zameni/contracts';
import { DEADLINES } from '@zameni/runtime';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { openAdminLog } from '../log/admin-log.ts';
import { type Flood, flood } from '../overload/flood.ts';
import { freezeLog, killLog } from '../overload/log-outage.ts';
import { type Accepted, createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { isHealthy } from '../support/is-healthy.ts';
import { attachSystem } from '../support/system.ts';

const FIRST_RATE = 4_000;
const FLOOD_SECONDS = 3;
const MAX_FLOODS = 4;
const SAMPLE = 200;
/** The deadline of a command, and the extra time of a busy machine. */
const REFUSED_WITHIN_MS = DEADLINES.outcome + 1_500;
const COPIES = 20;
const LOG_BACK_MS = 10_000;
/** Only whether it is answered counts, not when: this process shares the cores with the flood. */
const HEALTH_DEADLINE_MS = 10_000;

const system = await attachSystem();
const { stack, gatewayUrl } = system;
const actors = await createActors(system, 'overload');
const { anyone } = actors;
const token = await system.token(Object.keys(SCOPES) as Scope[], 'overload');
const apis = stack.services.filter(({ service }) => service === 'command-api');
/** The command APIs themselves: the gateway answers in their place while they are not ready. */
const clients = apis.map(({ url }) => createClient({ baseUrl: url, fetch, token }));
const direct = createClient({ baseUrl: apis[0]?.url ?? '', fetch, token });
const stranger = createClient({ baseUrl: apis[0]?.url ?? '', fetch });

test.after.always(() => actors[Symbol.asyncDispose]());

test.serial(
  'a flood is served up to capacity, refused beyond, and has no after-effects',
  async (t) => {
    t.timeout(120_000);
    const prefix = `overload-${Date.now()}`;
    const floods: Flood[] = [];
    let isShed = false;
    for (let round = 0; !isShed && round < MAX_FLOODS; round += 1) {
      const stopWatching = watchHealth();
      const rate = FIRST_RATE * 2 ** round;
      const input = { gatewayUrl, rate, seconds: FLOOD_SECONDS, prefix: `${prefix}-${round}` };
      const result = await flood(input);
      const { asked, unanswered } = await stopWatching();
      t.true(asked > 0);
      t.is(unanswered, 0, 'health is always answered');
      floods.push(result);
      isShed = Object.keys(result.refused).length > 0;
      t.log(`${rate}/s: ${result.accepted.length} accepted, ${JSON.stringify(result.refused)}`);
    }
    // The first registration and the first read after it, without a retry.
    const after = await anyone.registerPerson({ body: personAt(`${prefix}@after.example.org`) });
    if (after.status !== 202) return t.fail(`after the flood the answer was ${after.status}`);
    const { Position: position } = after.headers;
    t.is(await actors.status(after.body.registrationId, position), 'awaiting-proof');

    t.true(isShed, 'no flood exceeded the capacity');
    for (const { faults } of floods) t.deepEqual(faults, {});
    const accepted = floods.flatMap((result) => result.accepted.map(([id]) => id));
    t.true(accepted.length > 0);
    await using admin = await openAdminLog(stack, 'overload');
    const first = await admin.log.readLast(
      accepted.map((id) => subjects.attempt(id)),
      AbortSignal.timeout(30_000),
    );
    t.is(first.size, accepted.length, 'every accepted registration is in the log');
    const every = Math.ceil(accepted.length / SAMPLE);
    const sample = accepted.filter((_, n) => n % every === 0);
    const read = await mapConcurrently(sample, 8, (id) => actors.status(id, position));
    t.true(read.every((status) => status === 'awaiting-proof'));
  },
);

for (const [how, strike] of [
  ['frozen', freezeLog],
  ['killed', killLog],
] as const) {
  test.serial(
    `with the log ${how} every command is refused in time, and decided once afterwards`,
    async (t) => {
      t.timeout(120_000);
      const name = `overload-${how}-${Date.now()}`;
      const person = await actors.register(personAt(`${name}@example.org`));
      const attempt = await actors.attempt(personAt(`${name}-p@example.org`));
      const link = await actors.tokenFor(attempt.id, 'attempt');
      const register = (client: Client, n: number) =>
        client.registerPerson({
          body: personAt(`${name}-${n}@example.org`),
          headers: { 'Idempotency-Key': `${name}-${n}` },
        });
      const outage = strike(await readTestStack());
      try {
        const copies = Array.from({ length: COPIES }, (_, n) => n);
        await Promise.all([
          ...copies.map((n) => isRefused(t, `registration ${n}`, register(direct, n))),
          ...commandsOn(person, link).map(([what, send]) => isRefused(t, what, send)),
        ]);
        t.is((await fetch(`${apis[0]?.url}/livez`)).status, 200);
        // It stays ready: no other process would be better off.
        t.is((await fetch(`${apis[0]?.url}/readyz`)).status, 200);
        const { status } = await anyone.registerPerson({ body: personAt(`${name}-g@example.org`) });
        t.is(status, 503);
      } finally {
        await outage.end();
      }
      // Each process learns for itself that the log answers again.
      await Promise.all(
        clients.map((client) =>
          waitUntil(async () => (await register(client, 0)).status !== 503, LOG_BACK_MS),
        ),
      );
      await isDecidedOnce(t, (n) => register(actors.operator, n));
      t.is((await actors.read(person.id, person.position)).status, 200);
      const proven = await anyone.verifyEmail({ body: { token: link } });
      t.like(proven, { status: 202, body: { userId: attempt.id } });
    },
  );
}

/** Every other command, sent while the log does not answer. */
function commandsOn({ id }: Accepted, link: string) {
  const params = { id };
  const headers = { 'Idempotency-Key': randomUUID() };
  return [
    ['attempt', stranger.registerPerson({ body: personAt('z1@overload.example.org') })],
    ['retry', stranger.registerPerson({ body: personAt('z2@overload.example.org'), headers })],
    ['proof', stranger.verifyEmail({ body: { token: link } })],
    ['resend', stranger.resendVerification({ body: { email: 'y@overload.example.org' } })],
    ['patch', direct.updateUser({ params, body: { displayName: 'Vera Other' } })],
    ['email change', direct.changeEmail({ params, body: { email: 'x@overload.example.org' } })],
    ['deactivation', direct.deactivateUser({ params, body: { reasonCode: 'requested' } })],
    ['erasure', direct.eraseUser({ params })],
  ] as const;
}

async function isRefused(
  t: ExecutionContext,
  what: string,
  sent: Promise<{ readonly status: number }>,
): Promise<void> {
  const startedAt = performance.now();
  const answer = await sent;
  t.like(answer, { status: 503, code: 'log-unavailable' }, what);
  t.true(performance.now() - startedAt < REFUSED_WITHIN_MS, `${what} was refused late`);
}

/**
 * The keys of refused requests are now decided, the same way each time, and nobody is duplicated.
 */
async function isDecidedOnce(
  t: ExecutionContext,
  register: (n: number) => ReturnType<Client['registerPerson']>,
): Promise<void> {
  await using admin = await openAdminLog(stack, 'overload');
  // The gateway needs a moment to see that the services are ready.
  await waitUntil(async () => (await register(0)).status !== 503);
  for (let n = 0; n < COPIES; n += 1) {
    const answers = [await register(n), await register(n)];
    const [first] = answers;
    if (first?.status !== 201) return t.fail(`${n} is answered ${first?.status}`);
    t.deepEqual(answers[1], first);
    const { userId } = first.body;
    const read = () => admin.log.readSubject(subjects.account(userId), AbortSignal.timeout(10_000));
    // A replica that lags behind has nothing yet.
    await waitUntil(async () => (await read()).length > 0);
    t.is((await read()).length, 1);
  }
}

/**
 * Checks the health of every command API continuously. Counts the checks and the unanswered ones.
 */
function watchHealth() {
  const questions: Promise<boolean>[] = [];
  const timer = setInterval(() => {
    questions.push(...apis.map(({ url }) => isHealthy(`${url}/livez`, HEALTH_DEADLINE_MS)));
  }, 500);
  return async () => {
    clearInterval(timer);
    const answers = await Promise.all(questions);
    return { asked: answers.length, unanswered: answers.filter((isWell) => !isWell).length };
  };
}
