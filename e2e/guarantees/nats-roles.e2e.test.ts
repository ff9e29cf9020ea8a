import { randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  apiPrefix,
  consumerNames,
  recordKind,
  subjectFilters,
  subjects,
} from '@zameni/contracts';
import { createJetStreamLog, type EventLog } from '@zameni/runtime';
import { connectTestNats, createTestLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;

const stream = ACCOUNTS_STREAM.name;
const system = await attachSystem();
const actors = await createActors(system, 'nats-roles');
const deadline = () => AbortSignal.timeout(30_000);
test.after.always(() => actors[Symbol.asyncDispose]());

/** Codes of JetStream's answers. */
const JS = {
  filterMismatch: 10131,
  manyFilters: 10137,
  notDeleted: 10057,
  nameTaken: 10148,
} as const;

test('an analyst reads the events of all accounts and nothing else', async (t) => {
  const { id } = await actors.register(someone());
  await actors.attempt(someone());
  const log = await openLog(t, 'analyst');
  const until = subjects.account(id);
  const kinds = await readKinds(log, { filters: ['zameni.account.*'], after: 0, until });
  t.deepEqual([...kinds], ['account']);
});

test('the projector reads every kind of record in one order', async (t) => {
  const log = await openLog(t, 'projector');
  const after = await log.head(deadline());
  const body = someone();
  await actors.attempt(body);
  await actors.anyone.resendVerification({ body: { email: body.email } });
  const { id } = await actors.register(someone());
  const kinds = await readKinds(log, { filters: [], after, until: subjects.account(id) });
  // Records of deletions come and go.
  for (const kind of ['attempt', 'mail-wish', 'claim', 'key', 'account'] as const) {
    t.true(kinds.has(kind), kind);
  }
});

test('the mailer reads what asks for mails in one order', async (t) => {
  const log = await openLog(t, 'mailer');
  const after = await log.head(deadline());
  const body = someone();
  const { id: attempted } = await actors.attempt(body);
  await actors.anyone.resendVerification({ body: { email: body.email } });
  const { id: gone } = await actors.join(someone());
  t.is((await actors.operator.eraseUser({ params: { id: gone } })).status, 202);
  const { id } = await actors.register(someone());
  const until = subjects.account(id);
  const { attempts, mailWishes, farewells, accounts } = subjectFilters;
  const filters = [attempts, mailWishes, farewells, accounts];
  const kinds = await readKinds(log, { filters, after, until });
  t.is(kinds.size, filters.length);
  for (const kind of ['attempt', 'mail-wish', 'farewell', 'account'] as const) {
    t.true(kinds.has(kind), kind);
  }
  // What a mail depends on comes from the leader.
  const farewell = subjects.farewell(gone);
  for (const subject of [until, subjects.key(id), subjects.attempt(attempted), farewell]) {
    t.is((await log.readLastFromLeader(subject, deadline()))?.subject, subject);
  }
  t.is((await log.readSubject(until, deadline())).length, 1);
});

for (const [user, filters] of [
  ['analyst', []],
  ['analyst', ['zameni.key.*']],
  ['analyst', ['zameni.claim.*']],
  ['analyst', ['zameni.attempt.*']],
  ['analyst', ['zameni.*.*']],
  ['analyst', ['zameni.account.*', 'zameni.key.*']],
  ['eraser', []],
  ['eraser', ['zameni.account.*']],
  ['eraser', ['zameni.attempt.*']],
  ['eraser', ['zameni.deletion.*', 'zameni.account.*']],
  ['query-api', []],
  ['query-api', ['zameni.attempt.*']],
  ['command-api', []],
] as const) {
  test(`${user} gets no reader of ${filters.join(' and ') || 'everything'}`, async (t) => {
    const log = await openLog(t, user);
    const options = { filters, after: 0, maxRecords: 1, maxBytes: 1e6 };
    const read = async () => {
      for await (const _ of log.readBatches(options, deadline())) break;
    };
    await t.throwsAsync(read(), { message: /permissions violation/i });
  });
}

for (const [user, seen, hidden] of [
  ['analyst', 'zameni.account.*', 'zameni.claim.*'],
  ['eraser', 'zameni.claim.*', 'zameni.account.*'],
  ['eraser', 'zameni.deletion.*', 'zameni.attempt.*'],
] as const) {
  test(`a request of ${user} for ${seen} cannot hide another filter`, async (t) => {
    const nc = await connectTestNats(t, user);
    for (const [config, code] of [
      [{ filter_subject: hidden }, JS.filterMismatch],
      [{ filter_subject: 'zameni.*.*' }, JS.filterMismatch],
      [{ filter_subjects: [hidden] }, JS.manyFilters],
      [{ filter_subjects: [seen, hidden] }, JS.manyFilters],
      [{ filter_subject: seen, filter_subjects: [hidden] }, JS.manyFilters],
      [{}, JS.filterMismatch],
    ] as const) {
      t.is((await create(nc, user, config, `.${seen}`)).error?.err_code, code);
    }
    t.is((await create(nc, user, { filter_subject: seen }, `.${seen}`)).error, undefined);
  });

  test(`a reader of ${seen} that ${user} has cannot be changed to another filter`, async (t) => {
    const nc = await connectTestNats(t, user);
    const { name, error } = await create(nc, user, { filter_subject: seen }, `.${seen}`);
    t.is(error, undefined);
    for (const config of [{ filter_subject: hidden }, { filter_subjects: ['zameni.>'] }]) {
      t.truthy((await create(nc, user, { name, ...config }, `.${seen}`)).error);
    }
  });
}

test('the query API learns that a registration is in the log, and nothing more', async (t) => {
  const account = subjects.account((await actors.register(someone())).id);
  const attempt = subjects.attempt((await actors.attempt(someone())).id);
  const log = await openLog(t, 'query-api');
  for (const subject of [account, attempt]) {
    t.true(await log.hasRecord(subject, deadline()));
    await t.throwsAsync(log.readLastFromLeader(subject, deadline()));
  }
  t.false(await log.hasRecord(subjects.account(randomUUID()), deadline()));
  t.false(await log.hasRecord(subjects.attempt(randomUUID()), deadline()));
});

test('only the eraser can delete a record', async (t) => {
  const request = JSON.stringify({ seq: Number.MAX_SAFE_INTEGER });
  const call = (nc: NatsClient, user: string) =>
    nc.request(`${apiPrefix(user)}.STREAM.MSG.DELETE.${stream}`, request);
  const eraser = await connectTestNats(t, 'eraser');
  t.is(toAnswer(await call(eraser, 'eraser')).error?.err_code, JS.notDeleted);
  for (const user of ['command-api', 'projector', 'query-api', 'mailer', 'analyst']) {
    const nc = await connectTestNats(t, user);
    await t.throwsAsync(call(nc, user), { message: /permissions violation/i }, user);
  }
});

/*
 * Push deliveries of a consumer bypass all permissions (nats-server issue 8274), but stay in the
 * account of the log. Only literal subscriptions receive its messages, and no service has one
 * there.
 */
for (const user of ['projector', 'mailer']) {
  test(`pushes of a consumer of the ${user} reach neither log, API nor user`, async (t) => {
    const { log, subject } = await createTestLog(t);
    await actors.register(someone());
    const [nc, admin] = [await connectTestNats(t, user), await connectTestNats(t, 'admin')];
    const other = await connectTestNats(t, 'query-api');
    const inbox = `_INBOX.query-api.${randomUUID()}`;
    const control = `_INBOX.admin.${randomUUID()}`;
    let led = 0;
    let controlled = 0;
    other.subscribe(inbox, { callback: () => void (led += 1) });
    admin.subscribe(control, { callback: () => void (controlled += 1) });
    await Promise.all([other.flush(), admin.flush()]);
    const victim = await createVictim(admin);
    const targets = [subject('led'), inbox, `$JS.API.STREAM.DELETE.${victim}`, control];
    for (const deliver_subject of targets) {
      const answer = await push(nc, user, { deliver_subject, headers_only: true });
      t.is(answer.error, undefined, deliver_subject);
    }
    const onLog = await push(nc, user, { deliver_subject: subjects.account(randomUUID()) });
    t.truthy(onLog.error, 'into the log itself');
    await waitUntil(() => controlled > 0);
    // An absence can only be waited for.
    await t.throwsAsync(waitUntil(() => led > 0, 1_000));
    t.is(await log.head(deadline()), 0);
    const found = await admin.request(`$JS.API.STREAM.INFO.${victim}`);
    t.is(toAnswer(found).error, undefined, 'an empty message from there would have deleted it');
    await admin.request(`$JS.API.STREAM.DELETE.${victim}`);
  });
}

async function openLog(t: ExecutionContext, user: string): Promise<EventLog> {
  return createJetStreamLog(await connectTestNats(t, user), { stream, user });
}

type Reading = {
  readonly filters: readonly string[];
  readonly after: number;
  /** The subject of the last record to be read. */
  readonly until: string;
};

/** The kinds of records that a log shows under some filters. */
async function readKinds(log: EventLog, { filters, after, until }: Reading) {
  const kinds = new Set<ReturnType<typeof recordKind>>();
  const options = { filters, after, maxRecords: 1_000, maxBytes: 1e6 };
  const read = async (): Promise<boolean> => {
    for await (const batch of log.readBatches(options, deadline())) {
      for (const { subject } of batch) kinds.add(recordKind(subject));
      if (batch.some(({ subject }) => subject === until)) return true;
    }
    return false;
  };
  // Every server learns of a new consumer after a moment. A reader then starts again.
  await waitUntil(() =>
    read().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'LogReadError') return false;
      throw error;
    }),
  );
  return kinds;
}

function someone() {
  return personAt(`roles-${randomUUID()}@example.org`);
}

type Answer = { readonly name?: string; readonly error?: { readonly err_code: number } };

function toAnswer(message: Awaited<ReturnType<NatsClient['request']>>): Answer {
  return message.data.length === 0 ? {} : message.json<Answer>();
}

/** Settings of a consumer, and the name of the one that they are to change. */
type ConsumerConfig = Readonly<Record<string, unknown>> & { readonly name?: string | undefined };

/**
 * Requests a consumer as a user, or a change of one that has the given name. The servers remove it
 * soon.
 */
async function create(
  nc: NatsClient,
  user: string,
  { name: given, ...config }: ConsumerConfig,
  filter = '',
): Promise<Answer> {
  const common = { ack_policy: 'none', num_replicas: 1, mem_storage: true };
  const whole = { ...common, deliver_policy: 'all', inactive_threshold: 5_000_000_000, ...config };
  for (const name of given === undefined ? consumerNames(user) : [given]) {
    // The description makes it differ from one that has the name already.
    const described = { description: randomUUID(), ...whole, name };
    const action = given === undefined ? { action: 'create' } : {};
    const request = JSON.stringify({ stream_name: stream, config: described, ...action });
    const subject = `${apiPrefix(user)}.CONSUMER.CREATE.${stream}.${name}${filter}`;
    const answer = toAnswer(await nc.request(subject, request, { timeout: 5_000 }));
    if (answer.error?.err_code !== JS.nameTaken) return answer;
  }
  throw new Error('all names are taken');
}

/** Requests, as a user who reads everything, a consumer of events that pushes. */
async function push(nc: NatsClient, user: string, config: ConsumerConfig): Promise<Answer> {
  return create(nc, user, { filter_subjects: ['zameni.account.*'], ...config });
}

async function createVictim(admin: NatsClient): Promise<string> {
  const name = `TEST_${randomUUID()}`;
  const config = { name, subjects: [`${name}.*`], storage: 'memory', num_replicas: 1 };
  const answer = await admin.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config));
  if (toAnswer(answer).error !== undefined) throw new Error('no stream was made');
  return name;
}
