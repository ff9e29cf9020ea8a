import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  createPositions,
  createVerificationTokens,
  readKeyRing,
  type VerificationTokens,
} from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const zameni = fileURLToPath(new URL('../../cli/bin/zameni.ts', import.meta.url));
const system = await attachSystem();
const actors = await createActors(system, 'link');
const { anyone, operator, attempt, join, read, register, status: statusOf } = actors;
test.after.always(() => actors[Symbol.asyncDispose]());

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs `zameni link` as a user does. */
function link(...args: readonly string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const argv = [zameni, 'link', '--profile', system.stack.profile, ...args];
  execFile(process.execPath, argv, { timeout: 30_000 }, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  return promise;
}

/** The report of a link that exists. */
async function reportOf(t: ExecutionContext, ...args: readonly string[]) {
  const { status, stdout, stderr } = await link(...args, '--json');
  t.is(status, 0, stderr);
  return JSON.parse(stdout);
}

/** The code with which a link is refused. */
async function codeOf(t: ExecutionContext, ...args: readonly string[]): Promise<unknown> {
  const { status, stdout } = await link(...args, '--json');
  t.is(status, 1);
  return JSON.parse(stdout).error.code;
}

/** Opens the tokens of this stack. */
function openTokens(): VerificationTokens {
  const ring = readKeyRing(secretFiles(system.stack.folders.secrets).verificationKey);
  const positions = createPositions(readKeyRing(system.stack.keys.positionKeyFile));
  return createVerificationTokens(ring, { positions, now: () => new Date() });
}

/** Follows a link. Returns the account it led to, or the code of the refusal. */
async function follow(token: string): Promise<{ userId: string; position: string } | string> {
  const answer = await anyone.verifyEmail({ body: { token } });
  if (answer.status !== 202) return answer.code;
  return { userId: answer.body.userId, position: answer.headers.Position };
}

const someone = () => personAt(`link.${randomUUID()}@example.org`);

test.serial(
  'the link of an attempt proves it, and a second use gets the same answer',
  async (t) => {
    const { id } = await attempt(someone());
    const report = await reportOf(t, id);
    t.like(report, { id, kind: 'attempt', purpose: 'registration', attempt: id, request: null });
    t.is(report.link, `${system.gatewayUrl}/verify#token=${report.token}`);
    t.true(Date.parse(report.expiresAt) > Date.now());
    t.like(await openTokens().open(report.token), { kind: 'attempt', id });
    const first = await follow(report.token);
    t.like(first, { userId: id });
    t.deepEqual(await follow(report.token), first);
    t.is(await codeOf(t, id), 'already-proven');
  },
);

test.serial('without --json it prints the link alone', async (t) => {
  const { id } = await attempt(someone());
  const { stdout } = await link(id);
  t.true(stdout.startsWith(`${system.gatewayUrl}/verify#token=`));
  t.is(stdout.trim().split('\n').length, 1);
});

test.serial('the link of an account proves the address that it holds', async (t) => {
  const { id } = await register(someone());
  const report = await reportOf(t, id);
  t.like(report, { id, kind: 'account', purpose: 'registration', attempt: null });
  const { request } = report;
  t.like(await openTokens().open(report.token), { kind: 'account', id, request });
  const first = await follow(report.token);
  t.like(first, { userId: id });
  t.deepEqual(await follow(report.token), first);
  t.is(await codeOf(t, id), 'already-proven');
});

test.serial(
  'an attempt gets the link of an unproven holder, which closes the attempt',
  async (t) => {
    const body = someone();
    const account = await register(body);
    const { id } = await attempt(body);
    const report = await reportOf(t, id);
    const expected = {
      id: account.id,
      kind: 'account',
      purpose: 'account-of-attempt',
      attempt: id,
    };
    t.like(report, expected);
    t.like(await openTokens().open(report.token), { kind: 'account', attempt: { id } });
    const followed = await follow(report.token);
    if (typeof followed === 'string') return t.fail(followed);
    t.is(followed.userId, account.id);
    t.like((await read(account.id, followed.position)).body, { emailVerified: true });
    t.is(await statusOf(id, followed.position), 'registered');
    t.is(await codeOf(t, id), 'already-proven');
  },
);

test.serial(
  '--own returns the attempt’s link; its proof asks what to do with the holder',
  async (t) => {
    const body = someone();
    const account = await register(body);
    const { id } = await attempt(body);
    const report = await reportOf(t, id, '--own');
    t.like(report, { id, kind: 'attempt', purpose: 'registration' });
    const { token } = report;
    t.is(await follow(token), 'address-unproven');
    const answer = await anyone.verifyEmail({ body: { token, holder: 'not-mine' } });
    if (answer.status !== 202) return t.fail(answer.code);
    t.is(answer.body.userId, id);
    t.is(await codeOf(t, account.id), 'address-disowned');
  },
);

test.serial('an attempt on an address that is already proven has no link', async (t) => {
  const body = someone();
  await join(body);
  const { id } = await attempt(body);
  t.is(await codeOf(t, id), 'address-taken');
  const { token } = await reportOf(t, id, '--own');
  t.is(await follow(token), 'address-taken');
});

test.serial('an attempt that was disowned by its mailbox, or erased, has no link', async (t) => {
  const disowned = await attempt(someone());
  const { token } = await reportOf(t, disowned.id);
  t.is((await anyone.verifyEmail({ body: { token, notMine: true } })).status, 202);
  t.is(await codeOf(t, disowned.id), 'attempt-disowned');
  const erased = await attempt(someone());
  t.is((await operator.eraseUser({ params: { id: erased.id } })).status, 202);
  t.is(await codeOf(t, erased.id), 'attempt-erased');
});

test.serial('a pending address change comes first, and an erased person has no link', async (t) => {
  const { id } = await register(someone());
  const params = { id };
  const { email } = someone();
  t.is((await operator.changeEmail({ params, body: { email } })).status, 202);
  const report = await reportOf(t, id);
  t.like(report, { kind: 'account', purpose: 'email-change', attempt: null });
  t.like(await follow(report.token), { userId: id });
  t.is((await operator.eraseUser({ params })).status, 202);
  t.is(await codeOf(t, id), 'user-erased');
  t.is(await follow(report.token), 'invalid-verification-token');
  // The eraser in the projector deletes key and claims.
  await waitUntil(async () => {
    const erasure = await operator.readErasure({ params });
    return erasure.status === 200 && erasure.body.status === 'done';
  });
});

test.serial('an unknown id and a malformed id are reported as such', async (t) => {
  t.is(await codeOf(t, randomUUID()), 'registration-not-found');
  t.is((await link('nobody')).status, 2);
});
