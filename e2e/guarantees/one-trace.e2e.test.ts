import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, SCOPES, type Scope } from '@zameni/contracts';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import type { Span } from '../../deploy/telemetry/otlp/span.ts';
import { projectorsOf, untilActive } from '../fail-over/projectors.ts';
import { openLedger } from '../mail/ledger.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';
import { fetchJaegerTrace, toSpanFacts } from '../telemetry/jaeger.ts';
import { findTraceFaults, nameOf } from '../telemetry/trace-faults.ts';
import { toPaths } from '../telemetry/trace-paths.ts';
import { createTracedClient } from '../telemetry/traced-client.ts';
import { beginTrace, type CallerTrace } from '../telemetry/traceparent.ts';
import { openTraces } from '../telemetry/traces.ts';

const system = await attachSystem();
const { stack, gatewayUrl: baseUrl } = system;
const actors = await createActors(system, 'one-trace');
const ledger = openLedger(stack);
const traces = openTraces(stack);
// The keys come from an object that no code extends.
const token = await system.token(Object.keys(SCOPES) as Scope[], 'one-trace');
test.before(() => ledger.untilIdle());
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

const operatorIn = (trace: CallerTrace) => createTracedClient(trace, { baseUrl, token });
const publicIn = (trace: CallerTrace) => createTracedClient(trace, { baseUrl });
const mailbox = () => `${randomUUID()}@one-trace.example.org`;

/** Milliseconds for which no projector works: less than a lease, and time for a request to arrive. */
const FROZEN_MS = 700;

/** Registers a person and reads them in a trace. The read waits, because no projector works. */
async function registerAndWait(trace: CallerTrace) {
  const client = operatorIn(trace);
  const projectors = projectorsOf(stack, readTestStack);
  await untilActive(projectors);
  for (const { signal } of projectors) await signal('SIGSTOP');
  try {
    const answer = await client.registerPerson({ body: personAt(mailbox()), headers: {} });
    if (answer.status !== 201) throw new Error(`the registration was answered ${answer.status}`);
    const read = readIn(client, answer.body.userId, answer.headers.Position);
    await pause(FROZEN_MS);
    for (const { signal } of projectors) await signal('SIGCONT');
    return await read;
  } finally {
    for (const { signal } of projectors) await signal('SIGCONT');
  }
}

/** Reads a person in a trace, at a position. */
async function readIn(client: Client, id: string, position: string): Promise<number> {
  const headers = { 'Min-Position': position, Prefer: 'wait=20' };
  return (await client.readUser({ params: { id }, headers })).status;
}

/** What a command leads to, below its request. */
const PUBLISHED = [
  'command-api: publish ACCOUNTS',
  'command-api: publish ACCOUNTS > command-api: decide',
  'command-api: publish ACCOUNTS > command-api: append',
  'command-api: publish ACCOUNTS > projector: process ACCOUNTS',
  'command-api: publish ACCOUNTS > mailer: mail',
  'command-api: publish ACCOUNTS > mailer: mail > mailer: smtp send',
] as const;

const pathsBelow = (request: string, paths: readonly string[]) => {
  const root = `gateway: ${request.split(' ')[0]}`;
  const server = `${root} > ${request.startsWith('GET') ? 'query-api' : 'command-api'}: ${request}`;
  return [root, server, ...paths.map((path) => `${server} > ${path}`)];
};

/** Asserts that a trace has the paths, that nothing is wrong with it, and that Jaeger has it too. */
async function assertTrace(
  t: ExecutionContext,
  trace: CallerTrace,
  { paths, requests }: { readonly paths: readonly string[]; readonly requests: number },
): Promise<readonly Span[]> {
  const leaves = paths.map((path) => path.split(' > ').at(-1) ?? '');
  const spans = await traces.untilSpans(trace.traceId, leaves);
  const found = toPaths(spans);
  t.log([...found.keys()].toSorted());
  t.deepEqual(
    paths.filter((path) => !found.has(path)),
    [],
  );
  const { parentSpanId } = trace;
  t.deepEqual(findTraceFaults(spans, { parentSpanId, requests }), []);
  t.deepEqual(spans.filter(({ status }) => status.code === 'error').map(nameOf), []);
  await assertInJaeger(t, trace);
  return spans;
}

/** Jaeger has the trace as the file has it. */
async function assertInJaeger(t: ExecutionContext, { traceId }: CallerTrace): Promise<void> {
  const url = stack.telemetry?.jaegerUrl ?? null;
  if (url === null) return t.log('skipped: Jaeger does not run');
  const facts = async () => toSpanFacts(await traces.spansOf(traceId));
  await waitUntil(
    async () => (await fetchJaegerTrace(url, traceId)).length >= (await facts()).length,
  ).catch(() => undefined);
  t.deepEqual(await fetchJaegerTrace(url, traceId), await facts());
}

/** The spans of stores below a span of a name, by their systems. */
function storesBelow(spans: readonly Span[], name: string): ReadonlySet<unknown> {
  const below = spans.filter((span) => {
    const path = [...toPaths(spans)].find(([, all]) => all.includes(span))?.[0] ?? '';
    return path.includes(`${name} > `);
  });
  return new Set(below.flatMap(({ attributes }) => attributes['db.system.name'] ?? []));
}

test.serial('one trace from a vouched registration to row, mail and read', async (t) => {
  t.timeout(90_000);
  const trace = beginTrace();
  t.is(await registerAndWait(trace), 200);
  const paths = [
    ...pathsBelow('POST /v1/registrations', ['command-api: validate', ...PUBLISHED]),
    ...pathsBelow('GET /v1/users/{id}', ['query-api: wait for position']),
  ];
  const spans = await assertTrace(t, trace, { paths, requests: 2 });
  t.deepEqual(storesBelow(spans, 'projector: process ACCOUNTS'), new Set(['postgresql', 'redis']));
  const waits = spans.filter(({ name }) => name === 'wait for position');
  // It waits for the cache at first, not for long, and then for any store.
  t.true(waits.some(({ attributes }) => attributes['zameni.wait.outcome'] === 'reached'));
  const server = spans.find(({ name }) => name === 'POST /v1/registrations');
  t.like(server, { kind: 'server', attributes: { 'http.response.status_code': 201 } });
  t.like(
    spans.find(({ name }) => name === 'smtp send'),
    { kind: 'client', attributes: { 'zameni.mail.outcome': 'sent' } },
  );
});

test.serial('one trace from a proof to the account, the welcome and the read', async (t) => {
  t.timeout(90_000);
  const asked = beginTrace();
  const body = personAt(mailbox());
  const answer = await publicIn(asked).registerPerson({ body, headers: {} });
  if (answer.status !== 202) return void t.fail(`the attempt was answered ${answer.status}`);
  const { registrationId: id } = answer.body;
  await assertTrace(t, asked, {
    paths: pathsBelow('POST /v1/registrations', PUBLISHED),
    requests: 1,
  });
  const proved = beginTrace();
  const client = operatorIn(proved);
  const proof = await client.verifyEmail({ body: { token: await actors.tokenFor(id, 'attempt') } });
  if (proof.status !== 202) return void t.fail(`the proof was answered ${proof.status}`);
  t.is(await readIn(client, id, proof.headers.Position), 200);
  const paths = [
    ...pathsBelow('POST /v1/email-verifications', PUBLISHED),
    ...pathsBelow('GET /v1/users/{id}', []),
  ];
  await assertTrace(t, proved, { paths, requests: 2 });
});

test.serial('the trace id of a refusal finds its trace', async (t) => {
  const trace = beginTrace();
  const answer = await publicIn(trace).registerPerson({
    body: { ...personAt(mailbox()), locale: 'no locale' },
  });
  t.like(answer, { status: 422, code: 'invalid-request' });
  t.is(Reflect.get(Object(answer.body), 'traceId'), trace.traceId);
  const name = 'command-api: POST /v1/registrations';
  const spans = await traces.untilSpans(trace.traceId, ['gateway: POST', name]);
  t.like(
    spans.find((span) => nameOf(span) === name),
    {
      // The fault is the caller's.
      status: { code: 'unset' },
      attributes: {
        'http.response.status_code': 422,
        'zameni.problem.code': 'invalid-request',
      },
    },
  );
  const { parentSpanId } = trace;
  t.deepEqual(findTraceFaults(spans, { parentSpanId, requests: 1 }), []);
});

test.serial('a caller who wants no trace gets none', async (t) => {
  const [unwanted, wanted] = [beginTrace({ isSampled: false }), beginTrace()];
  for (const trace of [unwanted, wanted]) {
    const answer = await operatorIn(trace).registerPerson({ body: personAt(mailbox()) });
    t.is(answer.status, 201);
  }
  await traces.untilSpans(wanted.traceId, ['mailer: smtp send', 'gateway: POST']);
  t.deepEqual(await traces.spansOf(unwanted.traceId), []);
});
