import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createClient, type Scope } from '@zameni/contracts';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { securityLogFile } from '../../deploy/local/parts/security-log-file.ts';
import { personAt } from '../support/actors.ts';
import { startOwnCommandApi } from '../support/own-command-api.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { logs } = system.stack.folders;
const QUOTA = 3;
const REASON = { reasonCode: 'abuse' } as const;

/** A process of the command API with a small quota, and the lines of its security log. */
async function start(t: ExecutionContext) {
  const name = `command-api-powers-${randomUUID().slice(0, 8)}`;
  const env = { ZAMENI_LIMIT_DESTRUCTIVE: `${QUOTA}/60` };
  const own = await startOwnCommandApi(system, { name, env });
  t.teardown(() => own[Symbol.asyncDispose]());
  const as = async (subject: string, scopes: readonly Scope[] = []) =>
    createClient({ baseUrl: own.url, fetch, token: await system.token([...scopes], subject) });
  const register = async () => {
    const email = `${randomUUID()}@powers.example.org`;
    const { status, body } = await own.operator.registerPerson({ body: personAt(email) });
    if (status !== 201) throw new Error(`a registration was answered ${status}`);
    return body.userId;
  };
  return { ...own, name, as, register, lines: () => linesOf(name) };
}

async function linesOf(process: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(securityLogFile(logs, process), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('a token erases and deactivates no more people in a minute than it may', async (t) => {
  const { as, register, lines } = await start(t);
  const admin = await as('admin', ['users:erase', 'users:admin', 'users:write']);
  const ids = await Promise.all(Array.from({ length: QUOTA + 1 }, register));
  const [first = '', ...others] = ids;
  t.is((await admin.deactivateUser({ params: { id: first }, body: REASON })).status, 202);
  const answers = [];
  for (const id of others) answers.push(await admin.eraseUser({ params: { id } }));
  t.deepEqual(
    answers.map(({ status }) => status),
    [202, 202, 429],
  );
  t.is((await admin.reactivateUser({ params: { id: first }, body: REASON })).status, 202);
  const last = others.at(-1) ?? '';
  t.is((await (await as(last)).eraseUser({ params: { id: last } })).status, 202);
  t.true((await lines()).some((line) => line['http.response.status_code'] === 429));
});

test('each use of a scope on others is in the security log, and no personal data', async (t) => {
  const { as, register, lines } = await start(t);
  const [id, mine] = [await register(), await register()];
  const params = { id };
  const admin = await as('powers-admin', ['users:admin', 'users:erase', 'users:write']);
  const own = await as(mine);
  await admin.updateUser({ params, body: { displayName: 'Vera Powers' } });
  await admin.changeEmail({ params, body: { email: 'taken@powers.example.org' } });
  await admin.deactivateUser({ params, body: REASON });
  await admin.reactivateUser({ params, body: REASON });
  await own.updateUser({ params: { id: mine }, body: { displayName: 'Vera Mine' } });
  await admin.eraseUser({ params });
  const used = (await lines()).filter((line) => line['event.code'] === 'scope-used');
  t.deepEqual(
    used.map((line) => [line['zameni.scope'], line['http.request.method'], line['http.route']]),
    [
      ['users:write', 'PATCH', '/v1/users/{id}'],
      ['users:write', 'POST', '/v1/users/{id}/email-changes'],
      ['users:admin', 'POST', '/v1/users/{id}/deactivations'],
      ['users:admin', 'POST', '/v1/users/{id}/reactivations'],
      ['users:erase', 'DELETE', '/v1/users/{id}'],
    ],
  );
  t.deepEqual([...new Set(used.map((line) => line['user.target.id']))], [id]);
  t.is(new Set(used.map((line) => line['zameni.actor'])).size, 1);
  t.true(used.every((line) => /^[0-9a-f]{32}$/.test(String(line['trace.id']))));
  t.notRegex(JSON.stringify(await lines()), /powers-admin|Vera|@powers/);
});

test('every refusal of a caller is in the security log, of commands and of reads', async (t) => {
  const { url, as, register, lines } = await start(t);
  const id = await register();
  const params = { id };
  const stranger = createClient({ baseUrl: url, fetch });
  t.is((await stranger.eraseUser({ params })).status, 401);
  const other = randomUUID();
  t.is((await (await as(other)).eraseUser({ params })).status, 403);
  const refused = (await lines()).filter((line) => line['event.code'] === 'caller-refused');
  t.like(refused[0], { 'zameni.problem.code': 'unauthorized', 'user.target.id': id });
  t.is(refused[0]?.['zameni.actor'], undefined);
  t.like(refused[1], { 'zameni.problem.code': 'forbidden', 'zameni.actor': other });

  const reader = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token([], other),
  });
  const operator = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token(['users:erase'], other),
  });
  t.is((await reader.readUser({ params })).status, 403);
  t.is((await operator.readErasure({ params })).status, 404);
  const queryApis = system.stack.services.filter(({ service }) => service === 'query-api');
  const isAbout = (line: Record<string, unknown>) => line['user.target.id'] === id;
  await waitUntil(async () => {
    const all = await Promise.all(queryApis.map(({ name }) => linesOf(name)));
    const codes = all
      .flat()
      .filter(isAbout)
      .map((line) => line['event.code']);
    return codes.includes('caller-refused') && codes.includes('scope-used');
  }, 5_000);
});
