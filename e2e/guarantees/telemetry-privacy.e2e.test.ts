import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { ownPeople, readPeople } from '../demo/people.ts';
import { startMailServer } from '../mail/smtp-server.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';
import { parseExposition, type Series } from '../telemetry/exposition.ts';
import { looksLikeId, looksLikeToken } from '../telemetry/identifiers.ts';
import { runLively } from '../telemetry/lively-run.ts';
import { createFindPersonalData } from '../telemetry/personal-data.ts';
import { nameOf } from '../telemetry/trace-faults.ts';
import { createTracedClient } from '../telemetry/traced-client.ts';
import { beginTrace } from '../telemetry/traceparent.ts';
import { openTraces } from '../telemetry/traces.ts';

const system = await attachSystem();
const { stack, gatewayUrl: baseUrl } = system;
const actors = await createActors(system, 'telemetry-privacy');
const traces = openTraces(stack);
test.after.always(() => actors[Symbol.asyncDispose]());

/**
 * Series of one process, and of all. They grow with routes and codes, never with people: 600 at most
 * and 5,100 after these tests alone; 1,466 and 8,800 after all others, which provoke every refusal of
 * every route. A series for each record would make 150,000.
 */
const MAX_SERIES = 2_000;
const MAX_ALL_SERIES = 12_000;

/** Zameni's sender, and Debian's packagers, whom Prometheus names when it starts. */
const NOBODY = ['noreply@zameni.example', 'team+pkg-go@tracker.debian.org'];

/** Labels that name a server's own run. */
const SERVER_IDS = new Set(['redis_instance_info run_id']);

/** Somebody whose data is put wherever a request has room for it. */
const STRANGER = {
  email: 'Stranger.Everywhere@privacy.example.org',
  displayName: 'Stranger Everywhere',
};

const people = ownPeople(readPeople(), `p${randomUUID().slice(0, 8)}`).slice(0, 40);

const findPersonalData = createFindPersonalData(
  [
    STRANGER,
    personAt('vera@privacy.example.org'),
    ...[...readPeople(), ...people].map(({ body }) => body),
  ],
  NOBODY,
);

test.before(async () => {
  await runLively(system, actors, { label: 'privacy', people });
  await misplace();
  await refuse();
});

/** A mail server that refuses mailboxes, for now and for good, and quotes them in its replies. */
async function refuse(): Promise<void> {
  await using server = await startMailServer(stack);
  const token = await system.token(['registrations:write']);
  for (const behaviour of ['later', 'never'] as const) {
    const email = `refused.${behaviour}@privacy.example.org`;
    server.plan(email, behaviour);
    const trace = beginTrace();
    const answer = await createTracedClient(trace, { baseUrl, token }).registerPerson({
      body: personAt(email),
    });
    if (answer.status !== 201) throw new Error(`the registration was answered ${answer.status}`);
    const spans = await traces.untilSpans(trace.traceId, ['mailer: smtp send']);
    const outcome = behaviour === 'later' ? 'later' : 'abandoned';
    if (!spans.some(({ attributes }) => attributes['zameni.mail.outcome'] === outcome)) {
      throw new Error(`the mail is not ${outcome}`);
    }
  }
}

/** Sends personal data where none belongs, traced, and waits for the spans. */
async function misplace(): Promise<void> {
  const { email, displayName } = STRANGER;
  const path = encodeURIComponent(email);
  const trace = beginTrace();
  const headers = {
    traceparent: trace.traceparent,
    tracestate: `vendor=${encodeURIComponent(email)}`,
    baggage: `email=${path}`,
    'user-agent': displayName,
    referer: `http://example.org/?email=${path}`,
  };
  const json = { 'content-type': 'application/json' };
  const post = (body: string, more: Record<string, string> = {}) =>
    fetch(`${baseUrl}/v1/registrations`, {
      method: 'POST',
      headers: { ...headers, ...json, ...more },
      body,
    });
  const answers = await Promise.all([
    post(JSON.stringify({ ...STRANGER, locale: 'none', [displayName]: email })),
    post(`{"email":"${email}`),
    post(JSON.stringify(STRANGER), { 'idempotency-key': email }),
    post(JSON.stringify(STRANGER), { authorization: `Bearer ${email}` }),
    fetch(`${baseUrl}/v1/users/${path}`, { headers }),
    fetch(`${baseUrl}/v1/${path}?name=${encodeURIComponent(displayName)}`, { headers }),
  ]);
  for (const answer of answers) await answer.arrayBuffer();
  const client = createTracedClient(trace, { baseUrl, token: await system.token([]) });
  await client.registerPerson({ body: { ...personAt(email), displayName } });
  await traces.untilSpans(trace.traceId, [
    'gateway: POST',
    'command-api: append',
    'mailer: smtp send',
  ]);
}

/** The series of each process that Prometheus scrapes. */
async function readSeries(): Promise<ReadonlyMap<string, readonly Series[]>> {
  const read = (stack.telemetry?.metrics ?? []).map(async ({ instance, url }) => {
    return [instance, parseExposition(await (await fetch(url)).text())] as const;
  });
  return new Map(await Promise.all(read));
}

test.serial('no span of the run names anybody', async (t) => {
  t.timeout(120_000);
  const found = new Map<string, string>();
  let count = 0;
  for await (const span of traces.all()) {
    count += 1;
    const [data] = findPersonalData(JSON.stringify(span));
    if (data !== undefined) found.set(nameOf(span), data);
    for (const [name, value] of Object.entries(span.attributes)) {
      if (looksLikeId(String(value))) found.set(`${nameOf(span)} ${name}`, String(value));
    }
  }
  t.log(`${count} spans`);
  t.true(count > 50);
  t.deepEqual([...found], []);
  // The receiver writes no span whose name or text has the form of personal data.
  const receiver = await fetch(`${stack.telemetry?.receiverUrl}/livez`);
  t.like(await receiver.json(), { refused: 0 });
});

test.serial('no series names anybody, and their number is bounded', async (t) => {
  const found = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const [instance, all] of await readSeries()) {
    counts.set(instance, all.length);
    for (const { name, labels } of all) {
      for (const [label, value] of Object.entries(labels)) {
        const isPersonal = findPersonalData(value).length > 0;
        const isId = looksLikeId(value) && !SERVER_IDS.has(`${name} ${label}`);
        if (isPersonal || isId) found.set(`${instance} ${name} ${label}`, value);
      }
    }
  }
  t.log(Object.fromEntries(counts));
  t.deepEqual([...found], []);
  const numbers = [...counts.values()];
  t.true(Math.max(...numbers) < MAX_SERIES);
  t.true(numbers.reduce((sum, number) => sum + number, 0) < MAX_ALL_SERIES);
  t.true(Math.min(...numbers) > 10);
});

test.serial('no line of a log names anybody or has a token', async (t) => {
  t.timeout(120_000);
  const { logs } = stack.folders;
  const found = new Map<string, string>();
  const names = new Set<string>();
  let lines = 0;
  for (const file of await readdir(logs)) {
    for await (const line of createInterface({ input: createReadStream(join(logs, file)) })) {
      lines += 1;
      names.add(file);
      const [data] = findPersonalData(line);
      if (data !== undefined) found.set(`${file} ${data}`, line.slice(0, 300));
      if (looksLikeToken(line)) found.set(`${file} token`, line.slice(0, 300));
    }
  }
  t.log(`${lines} lines of ${names.size} files`);
  for (const { name } of stack.services) t.true(names.has(`${name}.log`), name);
  t.deepEqual([...found], []);
});
