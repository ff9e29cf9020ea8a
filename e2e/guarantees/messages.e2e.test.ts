import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@zameni/contracts';
import { openSuperuserPool, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createAnswerCheck, type OpenApiDocument } from '../support/openapi-check.ts';
import { attachSystem } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const system = await attachSystem();
const { gatewayUrl: baseUrl, stack } = system;
const operator = await system.token(['ops:read']);
const reader = await system.token(['users:read']);
const client = createClient({ baseUrl, fetch, token: operator });
const served = await fetch(`${baseUrl}/openapi.json`);
const check = createAnswerCheck((await served.json()) as OpenApiDocument);

/** Adds mails to the ledger that are done, so that no mailer sends them. Returns whose they are. */
async function addMails(t: ExecutionContext): Promise<string> {
  const pool = openSuperuserPool(stack, { name: 'messages.e2e' });
  t.teardown(() => pool.end());
  const id = randomUUID();
  // No record has such a position.
  const position = -Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
  await pool.query(
    `insert into mailer.messages (
       cause, position, user_id, attempt_id, recipient, mailbox, is_strangers, kind, state, reason
     ) values
       ('attempt', $2, null, $1, 'test', 'digest-of-a-mailbox', true, 'confirm-attempt', 'sent', null),
       ('email-verified', $2, $1, null, 'test', null, false, null, 'abandoned', 'rcpt 550 5.1.1')`,
    [id, position],
  );
  t.teardown(() => pool.query('delete from mailer.messages where position = $1', [position]));
  return id;
}

test('an operator reads the mails of a person and of their attempt, as the document says', async (t) => {
  const id = await addMails(t);
  const path = `/v1/users/${id}/messages`;
  const headers = { authorization: `Bearer ${operator}` };
  const response = await fetch(`${baseUrl}${path}`, { headers });
  const { status } = response;
  const text = await response.text();
  t.deepEqual(check('GET', path, { status, headers: response.headers, text }), []);
  t.is(response.headers.get('cache-control'), 'no-store');
  t.false(text.includes('digest'));
  t.like(JSON.parse(text), {
    messages: [
      { cause: 'email-verified', kind: null, state: 'abandoned', reason: 'rcpt 550 5.1.1' },
      { cause: 'attempt', kind: 'confirm-attempt', state: 'sent', nextTryAt: null },
    ],
    next: null,
  });
  const first = await client.readMessages({ params: { id }, query: { limit: '1' } });
  if (first.status !== 200) return t.fail();
  const after = first.body.next ?? '';
  const second = await client.readMessages({ params: { id }, query: { limit: '1', after } });
  t.like(second, { status: 200, body: { next: null } });
});

test('an id without mails has an empty list, and others are refused', async (t) => {
  const params = { id: randomUUID() };
  t.like(await client.readMessages({ params }), {
    status: 200,
    body: { messages: [], next: null },
  });
  t.like(await client.readMessages({ params: { id: '7' } }), { code: 'user-not-found' });
  const query = { limit: '101' };
  t.like(await client.readMessages({ params, query }), { code: 'invalid-request' });
  t.like(await client.readMessages({ params }, { token: reader }), { code: 'forbidden' });
  const asSelf = { token: await system.token([], params.id) };
  t.like(await client.readMessages({ params }, asSelf), { code: 'forbidden' });
  const anyone = createClient({ baseUrl, fetch });
  t.like(await anyone.readMessages({ params }), { code: 'unauthorized' });
});

/** Runs `zameni messages` as an operator does. */
async function run(...args: readonly string[]): Promise<string> {
  const argv = [zameni, '--profile', stack.profile, 'messages', ...args];
  return (await promisify(execFile)(process.execPath, argv)).stdout;
}

test('the command prints them, for people and for programs', async (t) => {
  const id = await addMails(t);
  t.regex(await run(id), /\n.* \(email-verified\) +abandoned +0 .* rcpt 550 5\.1\.1 .*\n.* sent /);
  const { messages } = JSON.parse(await run(id, '--json'));
  t.is(messages.length, 2);
});

test('an abandoned mail is redriven, and the mailer decides again what it is', async (t) => {
  const id = await addMails(t);
  const { messages } = JSON.parse(await run(id, '--json'));
  const [abandoned, sent] = messages.map((message: { id: number }) => String(message.id));
  const listed = JSON.parse(await run('ls', '--reason', 'rcpt 550', '--json'));
  t.true(listed.messages.some((message: { userId: string }) => message.userId === id));
  t.regex(await run('redrive', abandoned, '--dry-run'), /^untouched /);
  t.regex(await run('redrive', abandoned), /^requested .*\n\n1 mail will be tried again now\.\n$/);
  // Nobody has the id, so there is no account to mail to.
  await waitUntil(async () => {
    const answer = await client.readMessages({ params: { id } });
    const [first] = answer.status === 200 ? answer.body.messages : [];
    return first?.state === 'not-needed' && first.reason === 'account-missing';
  });
  const refused = await t.throwsAsync<Error & { stdout: string }>(run('redrive', sent));
  t.regex(refused.stdout, /^refused .* sent .*\n\n0 mails will be tried again now\.\n$/);
  const after = await client.readMessages({ params: { id } });
  t.like(after, { body: { messages: [{ state: 'not-needed' }, { state: 'sent', tries: 0 }] } });
});
