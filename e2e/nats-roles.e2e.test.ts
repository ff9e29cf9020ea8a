import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM, apiPrefix, createClient, recordKind, subjects } from '@zameni/contracts';
import { createJetStreamLog, type EventLog } from '@zameni/runtime';
import { connectTestNats, createTestLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { attachSystem } from './system.ts';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;

const stream = ACCOUNTS_STREAM.name;
const system = await attachSystem();
const deadline = () => AbortSignal.timeout(30_000);

/** Codes of JetStream's answers. */
const JS = { filterMismatch: 10131, manyFilters: 10137, notDeleted: 10057 } as const;

test('an analyst reads the events of all accounts and neither keys nor claims', async (t) => {
  const id = await register();
  const log = await openLog(t, 'analyst');
  const kinds = new Set<string | undefined>();
  const options = { filters: ['zameni.account.*'], after: 0, maxRecords: 1_000, maxBytes: 1e6 };
  const read = async (): Promise<boolean> => {
    for await (const batch of log.readBatches(options, deadline())) {
      for (const { subject } of batch) kinds.add(recordKind(subject));
      if (batch.some(({ subject }) => subject === subjects.account(id))) return true;
    }
    return false;
  };
  // A new consumer takes a moment to be known on every server; a reader then starts again.
  await waitUntil(() =>
    read().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'LogReadError') return false;
      throw error;
    }),
  );
  t.deepEqual([...kinds], ['account']);
});

for (const filters of [
  ['zameni.key.*'],
  ['zameni.claim.*'],
  ['zameni.*.*'],
  ['zameni.account.*', 'zameni.key.*'],
]) {
  test(`an analyst gets no reader of ${filters.join(' and ')}`, async (t) => {
    const log = await openLog(t, 'analyst');
    const options = { filters, after: 0, maxRecords: 1, maxBytes: 1e6 };
    const read = async () => {
      for await (const _ of log.readBatches(options, deadline())) break;
    };
    await t.throwsAsync(read(), { message: /permissions violation/i });
  });
}

for (const [user, seen] of [
  ['analyst', 'zameni.account.*'],
  ['projector', 'zameni.account.*'],
  ['projector', 'zameni.key.*'],
] as const) {
  test(`no other filter hides in a request of ${user} for ${seen}`, async (t) => {
    const nc = await connectTestNats(t, user);
    const claims = 'zameni.claim.*';
    for (const [config, code] of [
      [{ filter_subject: claims }, JS.filterMismatch],
      [{ filter_subject: 'zameni.*.*' }, JS.filterMismatch],
      [{ filter_subjects: [claims] }, JS.manyFilters],
      [{ filter_subjects: [seen, claims] }, JS.manyFilters],
      [{ filter_subject: seen, filter_subjects: [claims] }, JS.manyFilters],
      [{}, JS.filterMismatch],
    ] as const) {
      t.is((await create(nc, user, config, `.${seen}`)).error?.err_code, code);
    }
    t.is((await create(nc, user, { filter_subject: seen }, `.${seen}`)).error, undefined);
  });

  test(`a reader that ${user} has of ${seen} becomes one of nothing else`, async (t) => {
    const nc = await connectTestNats(t, user);
    const name = randomUUID();
    const own = { name, filter_subject: seen };
    t.is((await create(nc, user, own, `.${seen}`)).error, undefined);
    for (const config of [
      { filter_subject: 'zameni.claim.*' },
      { filter_subjects: ['zameni.>'] },
    ]) {
      t.truthy((await create(nc, user, { name, ...config }, `.${seen}`)).error);
    }
  });
}

test('the query API learns that a registration is in the log, and no more', async (t) => {
  const id = await register();
  const log = await openLog(t, 'query-api');
  t.true(await log.hasRecord(subjects.account(id), deadline()));
  t.false(await log.hasRecord(subjects.account(randomUUID()), deadline()));
  await t.throwsAsync(log.readLastFromLeader(subjects.account(id), deadline()));
});

test('the eraser reaches the deletion of a record, the command API does not', async (t) => {
  const request = { seq: Number.MAX_SAFE_INTEGER };
  const call = (nc: NatsClient, user: string) =>
    nc.request(`${apiPrefix(user)}.STREAM.MSG.DELETE.${stream}`, JSON.stringify(request));
  const eraser = await connectTestNats(t, 'eraser');
  t.is(toAnswer(await call(eraser, 'eraser')).error?.err_code, JS.notDeleted);
  const commandApi = await connectTestNats(t, 'command-api');
  await t.throwsAsync(call(commandApi, 'command-api'), { message: /permissions violation/i });
});

/*
 * A consumer that pushes would be delivered past all permissions (nats-server issue 8274), in the
 * account of the log. Only literal subscriptions draw its messages, and no service has one there.
 */
test('what a consumer of the projector pushes reaches neither log, API nor user', async (t) => {
  const { log, subject } = await createTestLog(t);
  await register();
  const [nc, admin] = [await connectTestNats(t, 'projector'), await connectTestNats(t, 'admin')];
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
    const answer = await push(nc, { deliver_subject, headers_only: true });
    t.is(answer.error, undefined, deliver_subject);
  }
  const onLog = await push(nc, { deliver_subject: subjects.account(randomUUID()) });
  t.truthy(onLog.error, 'into the log itself');
  await waitUntil(() => controlled > 0);
  // An absence can only be waited for.
  await t.throwsAsync(waitUntil(() => led > 0, 1_000));
  t.is(await log.head(deadline()), 0);
  const found = await admin.request(`$JS.API.STREAM.INFO.${victim}`);
  t.is(toAnswer(found).error, undefined, 'an empty message from there would have deleted it');
  await admin.request(`$JS.API.STREAM.DELETE.${victim}`);
});

/*
 * The admin is the control: the same requests give it a claim. Whoever may make a request sees the
 * subjects of claims in STREAM.INFO all the same: which digests exist is open to the projector.
 */
test('no request gives the projector a claim', async (t) => {
  const id = await register();
  const [nc, admin] = [await connectTestNats(t, 'projector'), await connectTestNats(t, 'admin')];
  const log = createJetStreamLog(admin, { stream, user: 'admin' });
  const claim = (await (await log).readLastFromLeader('zameni.claim.*', deadline()))?.subject ?? '';
  t.is(recordKind(claim), 'claim');
  const [msgGet, directGet] = [`STREAM.MSG.GET.${stream}`, `DIRECT.GET.${stream}`];
  const [account, key] = [subjects.account(id), subjects.key(id)];
  const questions = [
    { last_by_subj: claim },
    { seq: 1, next_by_subj: claim },
    { seq: 1, next_by_subj: 'zameni.claim.*' },
  ];
  const many = [{ seq: 1, next_by_subj: 'zameni.claim.*', batch: 2 }, { multi_last: [claim] }];
  const named = [claim, 'zameni.claim.*', 'zameni.claim.>'];
  const closed: readonly (readonly [string, object | undefined])[] = [
    ...questions.map((question) => [msgGet, question] as const),
    ...[...questions, ...many].map((question) => [directGet, question] as const),
    ...named.map((subject) => [`${directGet}.${subject}`, undefined] as const),
  ];
  for (const [call, question] of closed) {
    const payload = question === undefined ? '' : JSON.stringify(question);
    const title = `${call} ${payload}`;
    t.true(await holdsClaim(admin.request(`$JS.API.${call}`, payload)), title);
    const request = nc.request(`${apiPrefix('projector')}.${call}`, payload);
    await t.throwsAsync(request, { message: /permissions violation/i }, title);
  }
  for (const subject of [account, key, 'zameni.account.*', 'zameni.account.>', 'zameni.key.*']) {
    for (const question of [undefined, ...questions, ...many]) {
      const payload = question === undefined ? '' : JSON.stringify(question);
      const request = nc.request(`${apiPrefix('projector')}.${directGet}.${subject}`, payload);
      t.false(await holdsClaim(request, question === undefined), `${subject} ${payload}`);
    }
  }
});

for (const [suffix, config] of [
  ['', { filter_subjects: ['zameni.claim.*'] }],
  ['', { filter_subjects: ['zameni.account.*', 'zameni.claim.*'] }],
  ['', {}],
  ['.zameni.claim.*', { filter_subject: 'zameni.claim.*' }],
  ['.zameni.*.*', { filter_subject: 'zameni.*.*' }],
  ['.zameni.>', { filter_subject: 'zameni.>' }],
  ['.>', { filter_subject: '>' }],
] as const) {
  test(`the projector gets no reader with ${JSON.stringify(config)}`, async (t) => {
    const [nc, admin] = [await connectTestNats(t, 'projector'), await connectTestNats(t, 'admin')];
    t.is((await create(admin, 'admin', config, suffix)).error, undefined, 'the control');
    const request = create(nc, 'projector', config, suffix);
    await t.throwsAsync(request, { message: /permissions violation/i });
  });
}

async function openLog(t: ExecutionContext, user: string): Promise<EventLog> {
  return createJetStreamLog(await connectTestNats(t, user), { stream, user });
}

async function register(): Promise<string> {
  const client = createClient({ baseUrl: system.gatewayUrl, fetch });
  const email = `roles-${randomUUID()}@example.org`;
  const body = { email, displayName: 'Rosa Roles', locale: 'en', termsVersion: '2026-01' };
  const answer = await client.registerPerson({ body });
  if (answer.status !== 202) throw new Error(`answered ${answer.status}`);
  return answer.body.registrationId;
}

type Answer = {
  readonly error?: { readonly err_code: number };
  readonly message?: { readonly subject: string };
};

function toAnswer(message: Awaited<ReturnType<NatsClient['request']>>): Answer {
  return message.data.length === 0 ? {} : message.json<Answer>();
}

/** Asks for a consumer as a user; the servers forget it soon. */
async function create(nc: NatsClient, user: string, config: object, filter = ''): Promise<Answer> {
  const common = { name: randomUUID(), ack_policy: 'none', num_replicas: 1, mem_storage: true };
  const whole = { ...common, deliver_policy: 'all', inactive_threshold: 5_000_000_000, ...config };
  const request = { stream_name: stream, config: whole };
  const subject = `${apiPrefix(user)}.CONSUMER.CREATE.${stream}.${whole.name}${filter}`;
  return toAnswer(await nc.request(subject, JSON.stringify(request), { timeout: 5_000 }));
}

/** Asks, as the projector, for a consumer of events that pushes. */
async function push(nc: NatsClient, config: object): Promise<Answer> {
  const filter = 'zameni.account.*';
  return create(nc, 'projector', { filter_subject: filter, ...config }, `.${filter}`);
}

/** Whether a claim is in what the log answers, as a stored message or as the message itself. */
async function holdsClaim(
  request: ReturnType<NatsClient['request']>,
  wantsRecord = false,
): Promise<boolean> {
  const answer = await request;
  const subject = answer.headers?.get('Nats-Subject') || toAnswer(answer).message?.subject;
  if (wantsRecord && subject === undefined) throw new Error('the log answered with no record');
  return subject !== undefined && recordKind(subject) === 'claim';
}

async function createVictim(admin: NatsClient): Promise<string> {
  const name = `TEST_${randomUUID()}`;
  const config = { name, subjects: [`${name}.*`], storage: 'memory', num_replicas: 1 };
  const answer = await admin.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config));
  if (toAnswer(answer).error !== undefined) throw new Error('no stream was made');
  return name;
}
