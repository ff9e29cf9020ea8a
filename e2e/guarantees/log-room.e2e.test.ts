import { setTimeout as pause } from 'node:timers/promises';
import { type ErrorCode, type RegisterCommand, subjects } from '@zameni/contracts';
import { type NatsConnection, provisionStream } from '@zameni/runtime';
import { connectTestNats, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { type AdminLog, openAdminLog } from '../log/admin-log.ts';
import { type Accepted, createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const MEBIBYTE = 1_024 * 1_024;
/** Bytes that the log may hold beyond its present content. */
const FREE_BYTES = 16 * MEBIBYTE;
/** The share of free space that `provisionStream` gives the log. */
const LOG_SHARE = 0.75;
/** Number of people of each kind who are proven, changed and erased in the full log. */
const SOME = 15;
const CONCURRENCY = 8;
const MAX_REQUESTS = 20_000;
/** Services check the log's size once a second. Little may be appended before they do. */
const VOUCHERS = 2;
const PAUSE_MS = 20;
const MANY_IN_A_ROW = 8;

const system = await attachSystem();
const actors = await createActors(system, 'log-room');
const admin = await openAdminLog(system.stack, 'log-room');
const { operator, anyone, attempt, join, register, prove, read, status } = actors;
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const full = 'log-full' satisfies ErrorCode;

type Answer = { readonly status: number; readonly code?: string; readonly headers: object };

async function roomOf({ log }: Pick<AdminLog, 'log'>) {
  const room = await log.room(AbortSignal.timeout(PATIENCE_MS));
  if (room === undefined) throw new Error('the log has no bound');
  return room;
}

/** Each process checks by itself, so the processes may answer differently for a while. */
async function untilAllAnswer(status: number, ask: () => Promise<Answer>): Promise<void> {
  let inARow = 0;
  await waitUntil(async () => {
    inARow = (await ask()).status === status ? inARow + 1 : 0;
    return inARow >= MANY_IN_A_ROW;
  });
}

/** Makes the log so small that its content is a small part of it. Restores the bound at the end. */
async function boundLog(t: ExecutionContext, nc: NatsConnection): Promise<void> {
  const before = await roomOf(admin);
  const restore = async () => {
    const { bytes } = await roomOf(admin);
    await provisionStream(nc, undefined, (before.maxBytes - bytes) / LOG_SHARE);
    await untilAllAnswer(202, () =>
      anyone.registerPerson({ body: personAt('restored@log-room.example.org') }),
    );
  };
  t.teardown(restore);
  await provisionStream(nc, undefined, Math.max(before.bytes, FREE_BYTES) / LOG_SHARE);
  const { bytes, maxBytes } = await roomOf(admin);
  t.log(`the log holds ${bytes} bytes of ${maxBytes}`);
  t.true(bytes < 0.55 * maxBytes);
}

/** A person with as many texts of 500 letters as fit. */
function largePersonAt(email: string, texts: number): RegisterCommand {
  const all = Array.from({ length: texts }, (_, n) => [`text${n}`, 'x'.repeat(500)]);
  return { ...personAt(email), profile: Object.fromEntries(all) };
}

/** Sends requests until there is no room. Returns what was accepted, and the refusal. */
async function fill<Asked extends Answer>(
  ask: (n: number) => Promise<Asked>,
  concurrency = CONCURRENCY,
): Promise<{ accepted: Asked[]; refused: Asked | undefined }> {
  const accepted: Asked[] = [];
  let refused: Asked | undefined;
  const numbers = [...Array(MAX_REQUESTS).keys()];
  await mapConcurrently(numbers, concurrency, async (n) => {
    if (refused !== undefined) return;
    const answer = await ask(n);
    if (answer.status === 503) refused ??= answer;
    else accepted.push(answer);
  });
  return { accepted, refused };
}

function isFull(t: ExecutionContext, answer: Answer | undefined): void {
  t.like(answer, { status: 503, code: full });
  t.regex(String(Reflect.get(answer?.headers ?? {}, 'Retry-After')), /^[1-9]\d*$/);
}

function percent({ bytes, maxBytes }: { bytes: number; maxBytes: number }): number {
  return (100 * bytes) / maxBytes;
}

const many = <Made>(make: (n: number) => Promise<Made>) =>
  mapConcurrently([...Array(SOME).keys()], CONCURRENCY, make);

test.serial(
  'a log that fills refuses attempts first, then vouched people, never a proof, change or erasure',
  async (t) => {
    t.timeout(240_000);
    const nc = await connectTestNats(t, 'admin');
    const at = (name: string, n: number) => `${name}-${n}@log-room.example.org`;
    const toProve = await many((n) => attempt(personAt(at('prove', n))));
    const toErase = await many((n) => attempt(personAt(at('erase-attempt', n))));
    const people = await many((n) => join(personAt(at('person', n))));
    const leaving = await many((n) => join(personAt(at('leave', n))));
    const unproven = await many((n) => register(personAt(at('unproven', n))));
    await boundLog(t, nc);

    const attempts = await fill((n) =>
      anyone.registerPerson({ body: largePersonAt(at('fill', n), 6) }),
    );
    isFull(t, attempts.refused);
    await untilAllAnswer(503, () => anyone.registerPerson({ body: personAt(at('more', 0)) }));
    t.log(
      `${attempts.accepted.length} attempts until ${percent(await roomOf(admin)).toFixed(1)} %`,
    );
    t.true(percent(await roomOf(admin)) < 75, 'there is room for others');
    isFull(t, await anyone.resendVerification({ body: { email: at('person', 0) } }));
    const tried = attempts.accepted.flatMap((answer): Accepted[] =>
      answer.status === 202
        ? [{ id: answer.body.registrationId, position: answer.headers.Position }]
        : [],
    );

    const vouched = await fill(async (n) => {
      await pause(PAUSE_MS);
      return operator.registerPerson({ body: largePersonAt(at('vouched', n), 24) });
    }, VOUCHERS);
    isFull(t, vouched.refused);
    await untilAllAnswer(503, () => operator.registerPerson({ body: personAt(at('more', 1)) }));
    t.log(`${vouched.accepted.length} people until ${percent(await roomOf(admin)).toFixed(1)} %`);
    t.true(percent(await roomOf(admin)) < 98, 'there is room for the reserved commands');
    const registered = vouched.accepted.flatMap((answer): Accepted[] =>
      answer.status === 201 ? [{ id: answer.body.userId, position: answer.headers.Position }] : [],
    );
    t.true(tried.length > 0 && registered.length > 0);

    for (const { id } of toProve) t.is((await prove(id, 'attempt')).userId, id);
    for (const { id } of unproven) t.is((await prove(id, 'registered')).userId, id);
    for (const [n, { id }] of people.entries()) {
      const params = { id };
      t.is((await operator.updateUser({ params, body: { locale: 'sr' } })).status, 202);
      t.is((await operator.changeEmail({ params, body: { email: at('moved', n) } })).status, 202);
      t.is((await prove(id, 'email-change-requested')).userId, id);
    }
    let position = '';
    for (const { id } of [...toErase, ...leaving]) {
      const answer = await operator.eraseUser({ params: { id } });
      if (answer.status !== 202) return t.fail(`an erasure was answered ${answer.status}`);
      position = answer.headers.Position;
    }
    isFull(t, await anyone.registerPerson({ body: personAt(at('still', 0)) }));

    const there = [...toProve, ...unproven, ...people, ...registered];
    const read200 = await mapConcurrently(there, CONCURRENCY, ({ id }) => read(id, position));
    t.deepEqual(new Set(read200.map((answer) => answer.status)), new Set([200]));
    for (const [n, { id }] of people.entries()) {
      const body = { email: at('moved', n), locale: 'sr', emailVerified: true };
      t.like((await read(id, position)).body, body);
    }
    const waiting = await mapConcurrently(tried, CONCURRENCY, ({ id }) => status(id, position));
    t.deepEqual(new Set(waiting), new Set(['awaiting-proof']));
    for (const { id } of leaving) t.is((await read(id, position)).status, 410);
    for (const { id } of toErase) t.is(await status(id, position), undefined);
    for (const { id } of leaving) {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      t.false(await admin.log.hasRecord(subjects.key(id), signal));
    }
  },
);

test.serial('a limit of live attempts refuses further attempts and nothing else', async (t) => {
  const tried = await attempt(personAt('first@few-attempts.example.org'));
  const holder = await register(personAt('holder@few-attempts.example.org'));
  await using few = await startOwnCommandApi(system, {
    name: 'few-attempts',
    env: { ZAMENI_MAX_LIVE_ATTEMPTS: '1' },
  });
  const ask = (n: number) =>
    few.anyone.registerPerson({ body: personAt(`more-${n}@few-attempts.example.org`) });
  let n = 0;
  // It is counted every few seconds.
  await waitUntil(async () => (await ask((n += 1))).status === 503);
  isFull(t, await ask(n + 1));
  isFull(
    t,
    await few.anyone.resendVerification({ body: { email: 'holder@few-attempts.example.org' } }),
  );
  const body = personAt('vouched@few-attempts.example.org');
  t.is((await few.operator.registerPerson({ body })).status, 201);
  const token = await actors.tokenFor(tried.id, 'attempt');
  t.is((await few.anyone.verifyEmail({ body: { token } })).status, 202);
  const params = { id: holder.id };
  t.is((await few.operator.updateUser({ params, body: { locale: 'sr' } })).status, 202);
  t.is((await few.operator.eraseUser({ params })).status, 202);
});

test.serial('the shares of the log are settings', async (t) => {
  const nc = await connectTestNats(t, 'admin');
  await boundLog(t, nc);
  await many((n) => register(largePersonAt(`share-${n}@log-room.example.org`, 24)));
  t.true(percent(await roomOf(admin)) > 2);
  await using tight = await startOwnCommandApi(system, {
    name: 'tight-log',
    env: { ZAMENI_ATTEMPTS_LOG_PERCENT: '1', ZAMENI_VOUCHED_LOG_PERCENT: '1' },
  });
  const body = personAt('tight@log-room.example.org');
  await waitUntil(async () => (await tight.anyone.registerPerson({ body })).status === 503);
  isFull(t, await tight.operator.registerPerson({ body }));
  t.is((await anyone.registerPerson({ body })).status, 202, 'the others have room');
});
