import {
  createAsyncApi,
  createOpenApi,
  PAGES,
  PROBLEM_STATUS,
  Problem,
  type ProjectionsView,
  type RegistrationAccepted,
  type RegistrationCreated,
  type RegistrationStatsView,
  ROUTES,
} from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { openMailboxes } from '../support/mailbox.ts';
import {
  createAnswerCheck,
  type OpenApiDocument,
  type SeenAnswer,
} from '../support/openapi-check.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const mailboxes = await openMailboxes(system.stack);
const served = await fetch(`${system.gatewayUrl}/openapi.json`);
const servedText = await served.text();
const document = JSON.parse(servedText) as OpenApiDocument;
const check = createAnswerCheck(document);

const person = { displayName: 'Rea Reference', locale: 'sr-Latn-RS', termsVersion: '2026-01' };
const json = { 'content-type': 'application/json' };
const absent = '01980000-0000-7000-8000-00000000dead';
const tokens = {
  reader: await system.token(['users:read']),
  writer: await system.token(['registrations:write']),
  watcher: await system.token(['ops:read']),
  counter: await system.token(['stats:read']),
  operator: await system.token(['users:write', 'users:admin', 'users:erase']),
};
const patient = { prefer: 'wait=10' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test.after.always(() => mailboxes[Symbol.asyncDispose]());

type Request = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/** Sends a request through the gateway and compares the answer with the served document. */
async function observe(t: ExecutionContext, request: Request, status: number): Promise<SeenAnswer> {
  const { method = 'GET', path, headers = {}, body } = request;
  const response = await fetch(`${system.gatewayUrl}${path}`, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
    ...(body === undefined ? {} : { body }),
  });
  const answer = {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  };
  const at = `${method} ${path} ${answer.status}`;
  t.is(answer.status, status, at);
  t.deepEqual(check(method, path.split('?')[0] ?? '', answer), [], at);
  return answer;
}

function post(email: unknown, headers: Record<string, string> = {}): Request {
  const body = JSON.stringify({ ...person, email });
  return { method: 'POST', path: '/v1/registrations', headers: { ...json, ...headers }, body };
}

async function register(t: ExecutionContext, email: string) {
  const answer = await observe(t, post(email), 202);
  const { registrationId } = JSON.parse(answer.text) as RegistrationAccepted;
  const fresh = { 'min-position': answer.headers.get('position') ?? '', prefer: 'wait=10' };
  return { registrationId, fresh };
}

/** Sends the token of a link, with the prover's data. */
function proof(body: object, to = ''): Request {
  const path = `/v1/email-verifications${to}`;
  return { method: 'POST', path, headers: json, body: JSON.stringify(body) };
}

/** Follows the link of an attempt twice, because the second time changes nothing. */
async function prove(t: ExecutionContext, id: string) {
  const token = await mailboxes.tokenFor(id, 'attempt');
  const first = await observe(t, proof({ token }), 202);
  t.is((await observe(t, proof({ token }), 202)).text, first.text);
  return { ...patient, 'min-position': first.headers.get('position') ?? '' };
}

function codeOf({ text }: SeenAnswer): string {
  return (JSON.parse(text) as Problem).code;
}

test('the served documents are those of the contracts', async (t) => {
  t.is(servedText, JSON.stringify(createOpenApi()));
  t.regex(served.headers.get('content-type') ?? '', /^application\/json/);
  const events = await observe(t, { path: '/docs/asyncapi.json' }, 200);
  t.is(events.text, JSON.stringify(createAsyncApi()));
});

test('the document lists the answers of the gateway, and nothing else', async (t) => {
  const listed = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const ours = [
    ...ROUTES.map(({ method, path }) => `${method} ${path}`),
    ...PAGES.map(({ path }) => `GET ${path}`),
  ];
  t.deepEqual(listed.toSorted(), ours.toSorted());
  // Tried on the running system: it answers each method on each path, or refuses it by name.
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  for (const path of Object.keys(document.paths)) {
    const takes = methods.filter((method) => listed.includes(`${method} ${path}`));
    for (const method of methods) {
      const url = `${system.gatewayUrl}${path.replace('{id}', absent).replace('{file}', 'x.css')}`;
      const response = await fetch(url, { method, signal: AbortSignal.timeout(20_000) });
      const text = await response.text();
      const isOptions = method === 'OPTIONS';
      t.is(response.status !== 405, isOptions || takes.includes(method), `${method} ${path}`);
      if (response.status !== 405 && !isOptions) continue;
      const allow = [...takes, ...(takes.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
      const answered = response.headers.get('allow')?.split(', ');
      t.deepEqual(answered?.toSorted(), allow.toSorted());
      if (isOptions) {
        t.deepEqual([response.status, text], [204, ''], path);
        continue;
      }
      t.regex(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
      const problem = JSON.parse(text) as Problem;
      t.is(createValidator(Problem)(problem), undefined);
      t.is(problem.code, 'method-not-allowed');
    }
  }
});

test('an internal or missing path is answered 404', async (t) => {
  const ofProcesses = ['/livez', '/readyz', '/metrics', '/status', '/key-rings'];
  const ofOperators = ['/v1/parked', '/v1/read-models', '/v1/messages', '/v1/messages/7'];
  const missing = ['/v1', '/v1/users', '/v2/users/7'];
  for (const path of [...ofProcesses, ...ofOperators, ...missing]) {
    const response = await fetch(`${system.gatewayUrl}${path}`);
    const problem = (await response.json()) as Problem;
    t.is(response.status, 404, path);
    t.is(problem.code, 'not-found');
    t.is(createValidator(Problem)(problem), undefined);
  }
});

test('every file of the page exists, is cached by its tag, and names no other host', async (t) => {
  const page = await observe(t, { path: '/docs' }, 200);
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  t.true(files.length >= 4);
  for (const path of [...files, '/docs', '/docs/asyncapi.json']) {
    t.regex(path, /^\/[\w./-]+$/);
    const { headers } = await observe(t, { path }, 200);
    t.notRegex(headers.get('content-security-policy') ?? '', /https?:|\*/);
    const etag = headers.get('etag') ?? '';
    const again = await observe(t, { path, headers: { 'if-none-match': etag } }, 304);
    t.is(again.headers.get('etag'), etag);
  }
  await observe(t, { path: '/docs/nothing.css' }, 404);
});

test('every answer to a registration is in the document', async (t) => {
  const { registrationId, fresh } = await register(t, 'reference-1@example.org');
  const path = `/v1/registrations/${registrationId}`;
  const waiting = await observe(t, { path, headers: fresh }, 200);
  t.like(JSON.parse(waiting.text), { registrationId, status: 'awaiting-proof' });
  await observe(t, post('reference-2@example.org', bearer(tokens.writer)), 201);
  const proven = await prove(t, registrationId);
  const taken = await observe(t, post('reference-1@example.org', bearer(tokens.writer)), 409);
  t.is(codeOf(taken), 'address-taken');
  const key = { 'idempotency-key': 'reference-0123456789abcdef' };
  await observe(t, post('reference-3@example.org', key), 202);
  const reused = await observe(t, post('reference-4@example.org', key), 422);
  t.is(codeOf(reused), 'idempotency-key-reused');
  const registered = await observe(t, { path, headers: proven }, 200);
  t.like(JSON.parse(registered.text), { registrationId, status: 'registered' });
  const verified = post('reference-11@example.org');
  const body = JSON.stringify({ ...JSON.parse(verified.body ?? ''), emailVerified: true });
  const notTaken = await observe(t, { ...verified, body }, 422);
  t.like(JSON.parse(notTaken.text), { errors: [{ pointer: '/emailVerified', code: 'not-taken' }] });
});

test('an erased attempt is gone, and an erased account too', async (t) => {
  const erase = async (id: string) => {
    const headers = bearer(tokens.operator);
    const erased = await observe(t, { method: 'DELETE', path: `/v1/users/${id}`, headers }, 202);
    return { ...patient, 'min-position': erased.headers.get('position') ?? '' };
  };
  const isGone = async (id: string) => {
    const headers = await erase(id);
    const gone = await observe(t, { path: `/v1/registrations/${id}`, headers }, 404);
    t.is(codeOf(gone), 'registration-not-found');
    return headers;
  };
  const { registrationId } = await register(t, 'reference-12@example.org');
  await isGone(registrationId);
  const keyed = post('reference-13@example.org', {
    ...bearer(tokens.writer),
    'idempotency-key': 'reference-erased-0123456789',
  });
  const { userId } = JSON.parse((await observe(t, keyed, 201)).text) as RegistrationCreated;
  const headers = { ...(await isGone(userId)), ...bearer(tokens.reader) };
  t.is(codeOf(await observe(t, keyed, 410)), 'user-erased');
  t.is(codeOf(await observe(t, { path: `/v1/users/${userId}`, headers }, 410)), 'user-erased');
});

test('every answer to a command on a person is in the document', async (t) => {
  const { registrationId } = await register(t, 'reference-7@example.org');
  const path = `/v1/users/${registrationId}`;
  const operator = { ...json, ...bearer(tokens.operator), ...patient };
  const command = (body: object, to = '', headers: Record<string, string> = {}): Request => {
    const method = to === '' ? 'PATCH' : 'POST';
    const sent = { ...operator, ...headers };
    return { method, path: path + to, headers: sent, body: JSON.stringify(body) };
  };
  const proven = await prove(t, registrationId);
  const updated = await observe(t, command({ displayName: 'Rea Second' }), 202);
  t.is(updated.headers.get('preference-applied'), 'wait=10');
  await observe(t, command({ email: 'reference-8@example.org' }, '/email-changes'), 202);
  const stale = await observe(t, command({}, '', { 'if-match': '"accounts.1-1"' }), 412);
  t.is(codeOf(stale), 'precondition-failed');
  const wrong = await observe(t, command({ nickname: 'Rea' }), 422);
  t.is(codeOf(wrong), 'invalid-request');
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`n${n}`, n]));
  const full = await observe(t, command({ profile: many }), 422);
  t.like(JSON.parse(full.text), { errors: [{ pointer: '/profile', code: 'too-many' }] });
  await observe(t, command({ reasonCode: 'abuse' }, '/deactivations'), 202);
  const deactivated = await observe(t, command({ displayName: 'Rea Third' }), 409);
  t.is(codeOf(deactivated), 'user-deactivated');
  const own = bearer(await system.token([], registrationId));
  const refused = await observe(t, command({ displayName: 'Rea' }, '', own), 403);
  t.is(codeOf(refused), 'self-deactivated');
  await observe(t, command({ reasonCode: 'appeal' }, '/reactivations'), 202);
  const headers = { ...proven, ...bearer(tokens.reader) };
  await observe(t, { path, headers }, 200);
  await observe(t, { path: `${path}/erasure`, headers: bearer(tokens.operator) }, 404);
});

test('every answer to a proof of a mailbox is in the document', async (t) => {
  const invalid = await observe(t, proof({ token: 'x' }), 422);
  t.is(codeOf(invalid), 'invalid-verification-token');
  t.is(codeOf(await observe(t, proof({ token: 'x' }, '/preview'), 422)), codeOf(invalid));
  const email = 'reference-14@example.org';
  const created = await observe(t, post(email, bearer(tokens.writer)), 201);
  const { userId } = JSON.parse(created.text) as RegistrationCreated;
  const attempts = [await register(t, email), await register(t, email), await register(t, email)];
  const [token = '', late = '', disowned = ''] = await Promise.all(
    attempts.map(({ registrationId }) => mailboxes.tokenFor(registrationId, 'attempt')),
  );
  const operator = { ...json, ...bearer(tokens.operator) };
  const change = (to: string): Request => {
    const body = JSON.stringify({ reasonCode: 'abuse' });
    return { method: 'POST', path: `/v1/users/${userId}/${to}`, headers: operator, body };
  };
  const preview = await observe(t, proof({ token }, '/preview'), 200);
  t.like(JSON.parse(preview.text), { kind: 'registration', email, holder: 'unproven' });
  t.is(codeOf(await observe(t, proof({ token }), 409)), 'address-unproven');
  await observe(t, change('deactivations'), 202);
  const deactivated = await observe(t, proof({ token, holder: 'confirm' }), 409);
  t.is(codeOf(deactivated), 'user-deactivated');
  await observe(t, change('reactivations'), 202);
  const name = { displayName: 'Rea Prover' };
  const notTaken = await observe(t, proof({ token, holder: 'confirm', ...name }), 422);
  t.like(JSON.parse(notTaken.text), { errors: [{ pointer: '/displayName', code: 'not-taken' }] });
  const confirmed = await observe(t, proof({ token, holder: 'confirm' }), 202);
  t.deepEqual(JSON.parse(confirmed.text), { userId });
  t.is(codeOf(await observe(t, proof({ token: late }), 409)), 'address-taken');
  await observe(t, proof({ token: disowned, notMine: true }), 202);
});

test('a request for another mail gets the same answer for every address', async (t) => {
  const ask = () => observe(t, proof({ email: 'reference-10@example.org' }, '/resend'), 202);
  const { text } = await ask();
  const { registrationId } = await register(t, 'reference-10@example.org');
  t.is((await ask()).text, text);
  await prove(t, registrationId);
  t.is((await ask()).text, text);
});

test('every answer about a person is in the document', async (t) => {
  const { registrationId } = await register(t, 'reference-5@example.org');
  const fresh = await prove(t, registrationId);
  const path = `/v1/users/${registrationId}`;
  const headers = { ...fresh, ...bearer(tokens.reader) };
  const found = await observe(t, { path, headers }, 200);
  const tagged = { ...headers, 'if-none-match': found.headers.get('etag') ?? '' };
  await observe(t, { path, headers: tagged }, 304);
  await observe(t, { method: 'HEAD', path, headers }, 200);
  const asSelf = bearer(await system.token([], registrationId));
  await observe(t, { path, headers: { ...fresh, ...asSelf } }, 200);
});

test('how far the projections are is answered as the document says', async (t) => {
  const path = '/v1/projections';
  const { text } = await observe(t, { path, headers: bearer(tokens.watcher) }, 200);
  const { head, projections } = JSON.parse(text) as ProjectionsView;
  const [accounts] = projections;
  t.is(accounts?.name, 'accounts');
  t.true(accounts !== undefined && head !== null && head >= accounts.position);
  t.is(codeOf(await observe(t, { path }, 401)), 'unauthorized');
  t.is(codeOf(await observe(t, { path, headers: bearer(tokens.reader) }, 403)), 'forbidden');
});

test('counts of registrations are answered as the document says', async (t) => {
  const { fresh } = await register(t, 'reference-15@example.org');
  const now = Date.now();
  const at = (ms: number) => encodeURIComponent(new Date(now + ms).toISOString());
  const range = (bucket: string) =>
    `/v1/stats/registrations?from=${at(-60_000)}&to=${at(60_000)}&bucket=${bucket}`;
  const counter = bearer(tokens.counter);
  const { text } = await observe(
    t,
    { path: range('hour'), headers: { ...fresh, ...counter } },
    200,
  );
  const { buckets } = JSON.parse(text) as RegistrationStatsView;
  // Only the fifty most frequent locales are named, and other tests use hundreds.
  t.true((buckets.at(-1)?.accepted ?? 0) > 0);
  t.is(codeOf(await observe(t, { path: range('day') }, 401)), 'unauthorized');
  const reader = bearer(tokens.reader);
  t.is(codeOf(await observe(t, { path: range('day'), headers: reader }, 403)), 'forbidden');
  const wrong = await observe(t, { path: range('week'), headers: counter }, 422);
  t.is(codeOf(wrong), 'invalid-request');
});

const answers = test.macro<[Request, keyof typeof PROBLEM_STATUS]>({
  title: (title = '', _request, code) => `${title} is answered ${code}, as the document says`,
  exec: async (t, request, code) => {
    const answer = await observe(t, request, PROBLEM_STATUS[code]);
    t.is(codeOf(answer), code);
    t.regex(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  },
});

const user = `/v1/users/${absent}`;
const registration = `/v1/registrations/${absent}`;
const reader = bearer(tokens.reader);
const ours = { path: user, headers: { ...reader, 'min-position': 'x'.repeat(23) } };
const long = 'a'.repeat(100);
const anyone = (headers: Record<string, string>) => post('reference-6@example.org', headers);
test('an unfinished body', answers, { ...post(''), body: '{"email":' }, 'malformed-json');
test('a short idempotency key', answers, anyone({ 'idempotency-key': 'x' }), 'malformed-header');
test(
  'a body of another type',
  answers,
  anyone({ 'content-type': 'text/xml' }),
  'unsupported-media-type',
);
test('a body over 4 KiB from anyone', answers, post('x'.repeat(4_200)), 'payload-too-large');
const vouched = (email: string) => post(email, bearer(tokens.writer));
test('a body over 4 KiB from a caller', answers, vouched('x'.repeat(4_200)), 'invalid-request');
test('a body over 16 KiB', answers, vouched('x'.repeat(17_000)), 'payload-too-large');
test('a malformed address', answers, post('vera'), 'invalid-request');
test('an address of another type', answers, post(7), 'invalid-request');
test('a registration with a bad token', answers, anyone(bearer('abc')), 'unauthorized');
test('an unknown registration', answers, { path: registration }, 'registration-not-found');
test(
  'a malformed registration id',
  answers,
  { path: '/v1/registrations/7' },
  'registration-not-found',
);
const tooLong = { path: `/v1/registrations/${long}` };
test('a registration id that is too long', answers, tooLong, 'registration-not-found');
test('a person without a token', answers, { path: user }, 'unauthorized');
test('a person with a bad token', answers, { path: user, headers: bearer('abc') }, 'unauthorized');
test(
  'a person without the scope',
  answers,
  { path: user, headers: bearer(tokens.writer) },
  'forbidden',
);
test('an unknown person', answers, { path: user, headers: reader }, 'user-not-found');
test('a foreign position', answers, ours, 'malformed-header');
const change = { method: 'PATCH', path: user, headers: json, body: '{"locale":"en"}' };
const as = (token: string) => ({ ...change, headers: { ...json, ...bearer(token) } });
test('a change without a token', answers, change, 'unauthorized');
test('a change without the scope', answers, as(tokens.reader), 'forbidden');
test('a change of an unknown person', answers, as(tokens.operator), 'user-not-found');
const erasure = { method: 'DELETE', path: user };
test('an erasure without a token', answers, erasure, 'unauthorized');
test('an erasure without the scope', answers, { ...erasure, headers: reader }, 'forbidden');
test(
  'an erasure of an unknown person',
  answers,
  { ...erasure, headers: bearer(tokens.operator) },
  'user-not-found',
);
