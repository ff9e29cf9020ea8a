import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, SCOPES, type Scope } from '@zameni/contracts';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { pauseProcess } from '../atomicity/disturb.ts';
import {
  findFaketime,
  type ShiftedProcess,
  startShiftedProcess,
} from '../clocks/shifted-process.ts';
import { projectorsOf, statusOf, toProjector, untilActive } from '../fail-over/projectors.ts';
import { mailersOf, signalMailers, untilMailersReady } from '../mail/mailers.ts';
import { startMailServer } from '../mail/smtp-server.ts';
import { tokenIn } from '../mail/texts.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

/** More than an hour, so that what ends in an hour has ended. */
const AHEAD_SECONDS = 3_660;
const SHIFTS = [AHEAD_SECONDS, -AHEAD_SECONDS];

const TEST_DEADLINE_MS = 120_000;
const CACHE_PAUSE_MS = 1_500;

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'clocks');
const { operator, register, read, status, tokenFor } = actors;
// The keys come from an object that no code extends.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const scopes = Object.keys(SCOPES) as Scope[];
const [brief, lasting] = await Promise.all([
  system.token(scopes, 'clocks'),
  system.token(scopes, 'clocks', 4 * 3_600),
]);

test.after.always(() => actors[Symbol.asyncDispose]());

/** A mailbox that no other test uses. */
const mailbox = () => `${randomUUID()}@clocks.example.org`;

const library = findFaketime();
const shiftedTest = library === undefined ? test.serial.skip : test.serial;
if (library === undefined) test.serial('skipped: there is no libfaketime', (t) => t.pass());

/** Starts one process of a service with its clock ahead. It is stopped when the test ends. */
async function startAhead(
  t: ExecutionContext,
  service: Parameters<typeof startShiftedProcess>[1]['service'],
  env: Readonly<Record<string, string>> = {},
): Promise<ShiftedProcess> {
  const own = await startShiftedProcess(stack, {
    service,
    name: `${service}-ahead`,
    env,
    library: library ?? '',
    seconds: AHEAD_SECONDS,
  });
  t.teardown(() => own[Symbol.asyncDispose]());
  return own;
}

/** A caller of one process, with a token that lasts beyond every shift. */
const callerOf = ({ url }: ShiftedProcess, token = lasting) =>
  createClient({ baseUrl: url, fetch, token });

shiftedTest('a command API with another clock decides alike, and ends links by it', async (t) => {
  t.timeout(TEST_DEADLINE_MS);
  const own = await startAhead(t, 'command-api', { ZAMENI_ATTEMPT_LIFETIME_SECONDS: '1800' });
  const caller = callerOf(own);
  const anyone = createClient({ baseUrl: own.url, fetch });
  for (const seconds of SHIFTS) {
    await own.shift(seconds);
    const isAhead = seconds > 0;
    const wish = { body: personAt(mailbox()), headers: { 'Idempotency-Key': randomUUID() } };
    const first = await caller.registerPerson(wish);
    if (first.status !== 201) return t.fail(`a registration is ${first.status}`);
    t.like(await operator.registerPerson(wish), { status: 201, body: first.body });
    const params = { id: first.body.userId };
    const change = { params, body: { displayName: 'Vera Ahead' } };
    const changed = await caller.updateUser(change);
    if (changed.status !== 202) return t.fail(`a change is ${changed.status}`);
    t.is((await read(params.id, changed.headers.Position)).status, 200);

    // A token that names an end is refused after it, by the clock of whoever checks it.
    const early = await callerOf(own, brief).updateUser(change);
    t.is(early.status, isAhead ? 401 : 202);

    // A link of an attempt of the stack lives an hour.
    const { id } = await actors.attempt(personAt(mailbox()));
    const token = await tokenFor(id, 'attempt');
    const proven = await anyone.verifyEmail({ body: { token } });
    t.like(proven, isAhead ? { code: 'invalid-verification-token' } : { status: 202 });
    t.is((await actors.anyone.verifyEmail({ body: { token } })).status, 202);

    // An attempt ends at the instant in its record, for everybody by their own clock.
    const made = await anyone.registerPerson({ body: personAt(mailbox()) });
    if (made.status !== 202) return t.fail(`an attempt is ${made.status}`);
    const { registrationId } = made.body;
    t.is(
      await status(registrationId, made.headers.Position),
      isAhead ? 'awaiting-proof' : undefined,
    );
    const late = await actors.anyone.verifyEmail({
      body: { token: await tokenFor(registrationId, 'attempt') },
    });
    t.like(late, isAhead ? { status: 202 } : { code: 'invalid-verification-token' });
  }
});

shiftedTest(
  'a projector with another clock takes the lease, keeps it and gives it up',
  async (t) => {
    t.timeout(TEST_DEADLINE_MS);
    const own = await startAhead(t, 'projector');
    const mine = toProjector('projector-ahead', own);
    const others = projectorsOf(stack, readTestStack);
    const { id } = await register(personAt(mailbox()));
    const isApplied = async () => {
      const changed = await operator.updateUser({ params: { id }, body: { displayName: 'Vera' } });
      if (changed.status !== 202) return t.fail(`a change is ${changed.status}`);
      t.is((await read(id, changed.headers.Position)).status, 200);
      t.is((await statusOf(mine))?.role, 'active');
    };
    const signalOthers = (signal: NodeJS.Signals) =>
      Promise.all(others.map((other) => other.signal(signal)));
    await signalOthers('SIGSTOP');
    try {
      await untilActive([mine]);
      await isApplied();
      await own.shift(-AHEAD_SECONDS);
      await isApplied();
    } finally {
      await signalOthers('SIGCONT');
    }
    await isApplied();
    await own[Symbol.asyncDispose]();
    await untilActive(others);
  },
);

shiftedTest('a query API with another clock reads alike, and its breaker closes', async (t) => {
  t.timeout(TEST_DEADLINE_MS);
  const own = await startAhead(t, 'query-api');
  const caller = callerOf(own);
  const { id, position } = await register(personAt(mailbox()));
  const attempt = await actors.attempt(personAt(mailbox()));
  const headers = { 'Min-Position': position, Prefer: 'wait=5' };
  const readOne = () => caller.readUser({ params: { id }, headers });
  for (const seconds of SHIFTS) {
    await own.shift(seconds);
    t.is((await readOne()).status, 200);
    const params = { id: attempt.id };
    const asked = { 'Min-Position': attempt.position, Prefer: 'wait=5' };
    const seen = await caller.readRegistration({ params, headers: asked });
    t.like(seen, { status: 200, body: { status: 'awaiting-proof' } });
    const early = await callerOf(own, brief).readUser({ params: { id }, headers });
    t.is(early.status, seconds > 0 ? 401 : 200);
  }
  await own.shift(AHEAD_SECONDS);
  const says = async (text: string) => {
    t.is((await readOne()).status, 200);
    return (await readFile(join(stack.folders.logs, 'query-api-ahead.log'), 'utf8')).includes(text);
  };
  const paused = pauseProcess('redis', CACHE_PAUSE_MS);
  await waitUntil(() => says('cache does not answer'));
  await own.shift(-AHEAD_SECONDS);
  await paused;
  await waitUntil(() => says('cache answers again'));
});

shiftedTest('a mailer with another clock takes the lease and sends what is due', async (t) => {
  t.timeout(TEST_DEADLINE_MS);
  const others = mailersOf(stack);
  const own = await startAhead(t, 'mailer');
  await using server = await startMailServer(stack);
  const isSent = async () => {
    const email = mailbox();
    const { id } = await actors.attempt(personAt(email));
    const [mail] = await server.untilTaken(email, 1);
    const answer = await actors.anyone.verifyEmail({ body: { token: tokenIn(mail) } });
    t.like(answer, { status: 202, body: { userId: id } });
  };
  await signalMailers(others, 'SIGSTOP');
  try {
    await isSent();
    await own.shift(-AHEAD_SECONDS);
    await isSent();
  } finally {
    await signalMailers(others, 'SIGCONT');
  }
  await own[Symbol.asyncDispose]();
  await isSent();
  await untilMailersReady(stack);
});
