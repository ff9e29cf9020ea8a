import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createVerificationTokens, readKeyRing } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { secretFiles } from '../deploy/local/secrets.ts';
import { attachSystem } from './system.ts';

const zameni = new URL('../cli/bin/zameni.ts', import.meta.url).pathname;
const system = await attachSystem();

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

/** Posts a body, with a token when there is one. */
async function post(path: string, body: unknown, token?: string): Promise<Response> {
  return fetch(`${system.gatewayUrl}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}

async function register(email: string): Promise<string> {
  const body = { email, displayName: 'Živa Link', locale: 'sl-SI', termsVersion: '2026-01' };
  const response = await post('/v1/registrations', body);
  if (response.status !== 202) throw new Error(`answered ${response.status}`);
  return ((await response.json()) as { registrationId: string }).registrationId;
}

async function verify(token: string): Promise<number> {
  return (await post('/v1/email-verifications', { token })).status;
}

test('the link of a registration proves its mailbox, once', async (t) => {
  const userId = await register(`link.${randomUUID()}@example.org`);
  const { status, stdout, stderr } = await link(userId, '--json');
  t.is(status, 0, stderr);
  const report = JSON.parse(stdout);
  t.like(report, { userId, purpose: 'registration' });
  t.is(report.link, `${system.gatewayUrl}/verify#token=${report.token}`);
  const ring = readKeyRing(secretFiles(system.stack.folders.secrets).verificationKey);
  const tokens = createVerificationTokens(ring, { lifetimeSeconds: 60, now: () => new Date() });
  t.like(await tokens.open(report.token), { userId, attempt: report.attempt });
  t.is(await verify(report.token), 202);
  const again = await link(userId, '--json');
  t.is(again.status, 1);
  t.is(JSON.parse(again.stdout).error.code, 'already-proven');
});

test('without --json it prints the link alone', async (t) => {
  const userId = await register(`link.${randomUUID()}@example.org`);
  const { stdout } = await link(userId);
  t.true(stdout.startsWith(`${system.gatewayUrl}/verify#token=`));
  t.is(stdout.trim().split('\n').length, 1);
});

test('an address change that waits comes first, and an erased person has no link', async (t) => {
  const userId = await register(`link.${randomUUID()}@example.org`);
  const token = await system.token(['users:write', 'users:erase', 'users:read']);
  const email = `other.${randomUUID()}@example.org`;
  const change = await post(`/v1/users/${userId}/email-changes`, { email }, token);
  t.is(change.status, 202);
  const report = JSON.parse((await link(userId, '--json')).stdout);
  t.is(report.purpose, 'email-change');
  t.is(await verify(report.token), 202);
  const url = `${system.gatewayUrl}/v1/users/${userId}`;
  const headers = { authorization: `Bearer ${token}` };
  const erasure = await fetch(url, { method: 'DELETE', headers });
  t.is(erasure.status, 202);
  const gone = await link(userId, '--json');
  t.is(JSON.parse(gone.stdout).error.code, 'user-erased');
  // Key and claims are deleted by the eraser in the projector.
  await waitUntil(async () => {
    const response = await fetch(`${url}/erasure`, { headers });
    const { status } = (await response.json()) as { status: unknown };
    return status === 'done';
  });
});

test('nobody there, or no id, is said as it is', async (t) => {
  const nobody = await link(randomUUID(), '--json');
  t.is(nobody.status, 1);
  t.is(JSON.parse(nobody.stdout).error.code, 'registration-not-found');
  t.is((await link('nobody')).status, 2);
});
