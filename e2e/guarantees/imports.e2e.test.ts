import { setTimeout as pause } from 'node:timers/promises';
import {
  createClient,
  type ImportLine,
  type ImportRow,
  type ImportSummary,
  type Problem,
  type RegisterCommand,
} from '@zameni/contracts';
import { openSuperuserPool, PATIENCE_MS, readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { openUpload, parseImported, type UploadHeaders } from '../support/import-upload.ts';
import { createAnswerCheck, type OpenApiDocument } from '../support/openapi-check.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { gatewayUrl, stack } = system;
const actors = await createActors(system, 'imports');
const admin = await openAdminLog(stack, 'imports');
const token = await system.token(['users:import'], 'imports');
const reader = `Bearer ${await system.token(['users:read'])}`;
const client = createClient({ baseUrl: gatewayUrl, fetch, token });

const signal = AbortSignal.timeout(600_000);

/** Milliseconds for the answer to a stalled upload, which comes after ten seconds. */
const STALLED_MS = 20_000;

test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const domain = (name: string) => `${name}.imports.example.org`;

function people(name: string, count: number): RegisterCommand[] {
  return Array.from({ length: count }, (_, n) => personAt(`p${n}@${domain(name)}`));
}

const toLines = (bodies: readonly unknown[]) =>
  bodies.map((body) => `${JSON.stringify(body)}\n`).join('');

const headersOf = (key: string): UploadHeaders => ({
  authorization: `Bearer ${token}`,
  'idempotency-key': `${key}-0123456789abcdef`,
});

/** Imports with retries while there is no room or no answer, as a client does. */
async function importAll(name: string, body: string | readonly RegisterCommand[]) {
  const headers = { 'Idempotency-Key': `${name}-0123456789abcdef` };
  const answer = await untilThereIsRoom(() =>
    client.importPeople({ body, headers }).catch(() => undefined),
  );
  if (answer?.status !== 202) throw new Error(`${name} is answered ${answer?.status}`);
  return readLines(answer.body);
}

/**
 * Sends an import again while there is no room or no answer: two other imports may take all places
 * of a process.
 */
async function untilThereIsRoom<T extends { readonly status: number } | undefined>(
  send: () => Promise<T>,
): Promise<T> {
  const deadlineAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await send();
    const isOver = performance.now() > deadlineAt;
    if (isOver || (answer !== undefined && answer.status !== 503)) return answer;
    await pause(200);
  }
}

async function readLines(body: AsyncIterable<ImportLine>) {
  const rows: ImportRow[] = [];
  let summary: ImportSummary | undefined;
  for await (const line of body) {
    if ('line' in line) rows.push(line);
    else summary = line;
  }
  if (summary === undefined) throw new Error('the summary is missing');
  return { rows, summary };
}

const idsOf = (rows: readonly ImportRow[]) =>
  rows.flatMap((row) => (row.outcome === 'registered' ? [row.userId] : []));

/** Counts the people of a test in the read model, once it has reached a position. */
async function countPeople(name: string, { summary, rows }: Awaited<ReturnType<typeof importAll>>) {
  const read = await actors.read(idsOf(rows)[0] ?? '', summary.position ?? '');
  if (read.status !== 200) throw new Error(`the first row is answered ${read.status}`);
  const pool = openSuperuserPool(stack, { name: 'imports' });
  try {
    const { rows: counted } = await pool.query<{ count: string }>(
      'select count(*) from accounts.users where email like $1',
      [`%@${domain(name)}`],
    );
    return Number(counted[0]?.count);
  } finally {
    await pool.end();
  }
}

/** Waits until the log has the given number of new rows. */
async function untilTakenIn(head: number, rows: number): Promise<void> {
  const messagesOfRow = 3;
  await waitUntil(
    async () => (await admin.log.head(signal)) >= head + rows * messagesOfRow,
    10_000,
  );
}

// They take ten seconds, so they begin before all others.
const steady = untilThereIsRoom(sendSteadily);
const stalled = untilThereIsRoom(stall);

async function sendSteadily() {
  const upload = openUpload(gatewayUrl, headersOf('steady'));
  for (const body of people('steady', 8)) {
    upload.write(toLines([body]));
    await pause(1_500);
  }
  upload.end();
  return upload.answer;
}

async function stall() {
  const upload = openUpload(gatewayUrl, headersOf('stalled'));
  upload.write(`${toLines(people('stalled', 2))}{"email":`);
  const startedAt = performance.now();
  const answer = await upload.answer;
  return { status: answer.status, answer, tookMs: performance.now() - startedAt };
}

test.serial('10,000 rows become readable, and no other request waits for them', async (t) => {
  t.timeout(120_000);
  const bodies = people('many', 10_000);
  const startedAt = performance.now();
  const importing = importAll('many', bodies);
  const over = new AbortController();
  void importing.finally(() => over.abort());
  const waits: number[] = [];
  for (let n = 0; !over.signal.aborted; n += 1) {
    const sentAt = performance.now();
    await actors.register(personAt(`single${n}@${domain('beside')}`));
    waits.push(performance.now() - sentAt);
    await pause(50);
  }
  const { rows, summary } = await importing;
  const importMs = performance.now() - startedAt;
  t.log(`${(importMs / 1_000).toFixed(1)} s`);
  t.log(`${waits.length} registrations beside, the slowest ${Math.max(...waits).toFixed(0)} ms`);
  // A request that waited for the import would take as long as the import.
  t.true(waits.length > 10 && Math.max(...waits) < importMs / 2, `of ${importMs} ms`);
  t.like(summary, { rows: 10_000, registered: 10_000, failed: 0 });
  const ids = idsOf(rows);
  t.is(new Set(ids).size, 10_000);
  const every = rows.filter((_, n) => n % 50 === 0);
  const found = await mapConcurrently(every, 16, async (row) => {
    const read = await actors.read('userId' in row ? row.userId : '', summary.position ?? '');
    return read.status === 200 && read.body.email === bodies[row.line - 1]?.email;
  });
  t.deepEqual(new Set(found), new Set([true]));
});

/** Sends lines that no typed client would send, under one key. */
async function sendKinds(text: string) {
  const response = await untilThereIsRoom(() =>
    fetch(`${gatewayUrl}/v1/imports`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'idempotency-key': 'kinds-0123456789abcdef',
        'content-type': 'application/x-ndjson',
      },
      body: text,
    }),
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test.serial('rows of every kind get their outcomes, and the same ones again', async (t) => {
  const document = (await (await fetch(`${gatewayUrl}/openapi.json`)).json()) as OpenApiDocument;
  const check = createAnswerCheck(document);
  const at = (name: string) => personAt(`${name}@${domain('kinds')}`);
  await actors.join(at('taken'));
  const held = await actors.register(at('held'));
  await actors.attempt(at('attempted'));
  const body = [
    JSON.stringify(at('new')),
    '',
    JSON.stringify(at('held')),
    JSON.stringify(at('taken')),
    '{"email":',
    JSON.stringify({ ...personAt('nobody'), locale: 7 }),
    ' '.repeat(20_000),
    JSON.stringify(at('attempted')),
    JSON.stringify({ ...at('proven'), emailVerified: true }),
  ].join('\n');
  const first = await sendKinds(body);
  t.deepEqual(check('POST', '/v1/imports', first), []);
  const imported = parseImported(first.status, first.text);
  if (!('rows' in imported)) return t.fail(first.text);
  t.deepEqual(imported.rows.map(toOutcome), [
    [1, 'registered', null],
    [3, 'refused', 'address-taken'],
    [4, 'refused', 'address-taken'],
    [5, 'invalid', 'malformed-json'],
    [6, 'invalid', 'invalid-request'],
    [7, 'invalid', 'payload-too-large'],
    [8, 'registered', null],
    [9, 'registered', null],
  ]);
  const [erased = '', attempted = '', proven = ''] = idsOf(imported.rows);
  const position = imported.summary.position ?? '';
  t.like((await actors.read(attempted, position)).body, { emailVerified: false });
  t.like((await actors.read(proven, position)).body, { emailVerified: true });
  t.is((await sendKinds(body)).text, first.text);
  const other = await sendKinds(body.replace('new@', 'newer@'));
  t.regex(other.text, /^\{"line":1,"outcome":"refused","code":"idempotency-key-reused"\}\n/);
  t.false(first.text.includes('example'));

  // An erased row stays erased. A refused one is decided again.
  for (const id of [erased, held.id]) {
    t.is((await actors.operator.eraseUser({ params: { id } })).status, 202);
  }
  const again = await sendKinds(body);
  const later = parseImported(again.status, again.text);
  if (!('rows' in later)) return t.fail(again.text);
  t.deepEqual(later.rows.slice(0, 3).map(toOutcome), [
    [1, 'refused', 'user-erased'],
    [3, 'registered', null],
    [4, 'refused', 'address-taken'],
  ]);
});

function toOutcome(row: ImportRow) {
  return [row.line, row.outcome, 'code' in row ? row.code : null];
}

test.serial('an import that is cut and sent again duplicates nobody', async (t) => {
  const bodies = people('cut', 600);
  const head = await admin.log.head(signal);
  const upload = openUpload(gatewayUrl, headersOf('cut'));
  upload.write(toLines(bodies.slice(0, 300)));
  await untilTakenIn(head, 100);
  upload.cut();
  await t.throwsAsync(upload.answer);
  const whole = await importAll('cut', bodies);
  t.like(whole.summary, { rows: 600, registered: 600 });
  t.is(await countPeople('cut', whole), 600);
  t.deepEqual(await importAll('cut', bodies), whole);
});

test.serial('two concurrent imports with the same key report the same lines', async (t) => {
  const bodies = people('race', 300);
  const [one, other] = await Promise.all([importAll('race', bodies), importAll('race', bodies)]);
  t.like(one.summary, { rows: 300, registered: 300 });
  t.deepEqual(other, one);
  t.is(await countPeople('race', one), 300);
});

const refuses = test.macro<[UploadHeaders, string, number, Problem['code']]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, headers, text, status, code) => {
    const answer = await untilThereIsRoom(() => {
      const upload = openUpload(gatewayUrl, { ...headersOf('refused'), ...headers });
      // A string body that is written before the end goes out in chunks unless its length is
      // declared.
      upload.write(text);
      upload.end();
      return upload.answer;
    });
    t.is(answer.status, status);
    if (!('problem' in answer)) return t.fail();
    t.is(answer.problem.code, code);
    t.log(answer.problem.detail ?? 'without detail');
  },
});

const row = toLines(people('refused', 1));
const wideLines = `${'x'.repeat(15_000)}\n`.repeat(800);
test.serial(
  'another media type',
  refuses,
  { 'content-type': 'application/json' },
  row,
  415,
  'unsupported-media-type',
);
test.serial(
  'an import without a key',
  refuses,
  { 'idempotency-key': undefined },
  row,
  400,
  'malformed-header',
);
test.serial(
  'an import without a token',
  refuses,
  { authorization: undefined },
  row,
  401,
  'unauthorized',
);
test.serial(
  'an import without the scope',
  refuses,
  { authorization: reader },
  row,
  403,
  'forbidden',
);
test.serial('more than 10 MiB', refuses, {}, wideLines, 413, 'payload-too-large');
test.serial(
  'a declared length of more than 10 MiB',
  refuses,
  { 'content-length': String(wideLines.length) },
  wideLines,
  413,
  'payload-too-large',
);
test.serial('more than 10,000 rows', refuses, {}, '{}\n'.repeat(10_001), 413, 'payload-too-large');

test.serial('an upload may take long while it goes on, and is cut when it does not', async (t) => {
  const went = await steady;
  t.like(went, { status: 202, summary: { rows: 8, registered: 8 } });
  const { answer, tookMs } = await stalled;
  t.true(tookMs > 9_000 && tookMs < STALLED_MS, `it took ${tookMs} ms`);
  t.like(answer, { status: 408, problem: { code: 'request-timeout' } });
  t.is('problem' in answer ? answer.problem.detail : '', 'Taken in before: 2 rows');
});

/** Sends half an import, signals every command API, and sends the rest. Resolves to the answer. */
async function interrupt(name: string, by: 'SIGKILL' | 'SIGTERM', bodies: RegisterCommand[]) {
  const head = await admin.log.head(signal);
  const upload = openUpload(gatewayUrl, headersOf(name));
  const half = bodies.length / 2;
  upload.write(toLines(bodies.slice(0, half)));
  await untilTakenIn(head, half / 2);
  const before = (await readTestStack()).pids;
  const names = Object.keys(before).filter((each) => each.startsWith('command-api'));
  for (const each of names) process.kill(before[each] ?? 0, by);
  upload.end(toLines(bodies.slice(half)));
  const answer = await upload.answer.catch(() => undefined);
  await waitUntil(async () => {
    const { pids } = await readTestStack();
    return names.every((each) => pids[each] !== undefined && pids[each] !== before[each]);
  }, 20_000);
  return answer;
}

test.serial('a command API that drains ends the import, and the rest is sent again', async (t) => {
  const bodies = people('drained', 400);
  const answer = await interrupt('drained', 'SIGTERM', bodies);
  if (answer === undefined || !('summary' in answer)) return t.fail();
  const { registered, failed } = answer.summary;
  t.log(`${registered} registered, ${failed} failed`);
  t.is(registered + failed, 400);
  t.true(registered >= 100);
  const whole = await importAll('drained', bodies);
  t.like(whole.summary, { rows: 400, registered: 400 });
  t.is(await countPeople('drained', whole), 400);
});

test.serial(
  'a command API that is killed during an import loses and duplicates nobody',
  async (t) => {
    const bodies = people('killed', 400);
    t.not((await interrupt('killed', 'SIGKILL', bodies))?.status, 202);
    const whole = await importAll('killed', bodies);
    t.like(whole.summary, { rows: 400, registered: 400 });
    t.is(await countPeople('killed', whole), 400);
    t.deepEqual(await importAll('killed', bodies), whole);
    for (const { url, service } of stack.services) {
      if (service === 'command-api') await waitUntil(async () => isReady(url), 20_000);
    }
  },
);

async function isReady(url: string): Promise<boolean> {
  // It may not listen yet.
  return fetch(`${url}/readyz`)
    .then(({ ok }) => ok)
    .catch(() => false);
}
