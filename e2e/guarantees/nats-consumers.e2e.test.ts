import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM, NATS_USERS } from '@zameni/contracts';
import { connectTestNats, PATIENCE_MS } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;

const stream = ACCOUNTS_STREAM.name;
const system = await attachSystem();
const actors = await createActors(system, 'nats-consumers');
test.after.always(() => actors[Symbol.asyncDispose]());

const OTHERS = NATS_USERS.filter((user) => user !== 'admin' && user !== 'projector');

const NAME_TAKEN = 10148;
const TEN_SECONDS = 10_000_000_000;
const REFUSED = { message: /permissions violation/i };

/** The consumer as the tests make it: like the ones of services. */
const common = {
  ack_policy: 'none',
  deliver_policy: 'all',
  num_replicas: 1,
  mem_storage: true,
  inactive_threshold: 6 * TEN_SECONDS,
  priority_policy: 'overflow',
};

test('a consumer of the projector can be read, changed, paused, reset and deleted by nobody else', async (t) => {
  await actors.register(personAt(`${randomUUID()}@example.org`));
  const owner = await connectTestNats(t, 'projector');
  const admin = await connectTestNats(t, 'admin');
  const group = randomUUID().slice(0, 16);
  const name = await create(owner, 'projector', { priority_groups: [group] });
  const before = await inspect(admin, name);
  for (const user of OTHERS) {
    const nc = await connectTestNats(t, user);
    const later = new Date(Date.now() + 60_000).toISOString();
    const config = { ...common, name, priority_groups: [group], filter_subject: 'zameni.claim.*' };
    const change = JSON.stringify({ stream_name: stream, config });
    for (const [call, body] of [
      [`MSG.NEXT.${stream}.${name}`, JSON.stringify({ batch: 1, group, no_wait: true })],
      [`DELETE.${stream}.${name}`, ''],
      [`INFO.${stream}.${name}`, ''],
      [`PAUSE.${stream}.${name}`, JSON.stringify({ pause_until: later })],
      [`RESET.${stream}.${name}`, ''],
      [`UNPIN.${stream}.${name}`, JSON.stringify({ group })],
      [`LEADER.STEPDOWN.${stream}.${name}`, ''],
      [`CREATE.${stream}.${name}`, change],
      [`CREATE.${stream}.${name}.zameni.claim.*`, change],
      // The name would be in the body only.
      [`CREATE.${stream}`, change],
      [`DURABLE.CREATE.${stream}.${name}`, change],
    ] as const) {
      const asked = nc.request(`log.api.CONSUMER.${call}`, body, { timeout: PATIENCE_MS });
      await t.throwsAsync(asked, REFUSED, `${user} calls ${call}`);
    }
  }
  t.deepEqual(await inspect(admin, name), before);
  const [first] = await pull(t, owner, name, group);
  t.is(first, 'record', 'nobody took it');
});

for (const [user, filter] of [
  ['mailer', ''],
  ['auditor', ''],
  ['eraser', '.zameni.claim.*'],
  ['analyst', '.zameni.account.*'],
] as const) {
  test(`a consumer that the ${user} makes has a name of its own, whatever the request says`, async (t) => {
    const owner = await connectTestNats(t, 'projector');
    const admin = await connectTestNats(t, 'admin');
    const name = await create(owner, 'projector', { priority_groups: ['a'] });
    const before = await inspect(admin, name);
    const nc = await connectTestNats(t, user);
    const single = filter === '' ? {} : { filter_subject: filter.slice(1) };
    const subject = `log.api.CONSUMER.CREATE.${stream}.${user}-32${filter}`;
    const config = { ...common, ...single, name, priority_groups: ['b'] };
    const request = JSON.stringify({ stream_name: stream, config });
    const reply = await nc.request(subject, request, { timeout: PATIENCE_MS });
    const { name: made } = reply.json<{ readonly name?: string }>();
    t.true(made === undefined || made === `${user}-32`, made);
    t.deepEqual(await inspect(admin, name), before);
    await nc.request(`log.api.CONSUMER.DELETE.${stream}.${user}-32`, '');
  });
}

test('a process that lost its consumer gets no record of the next one with that name', async (t) => {
  await actors.register(personAt(`${randomUUID()}@example.org`));
  const owner = await connectTestNats(t, 'projector');
  const name = await create(owner, 'projector', { priority_groups: ['new'] });
  t.deepEqual(await pull(t, owner, name, 'old'), ['400']);
  t.deepEqual(await pull(t, owner, name, undefined), ['400']);
  t.is((await pull(t, owner, name, 'new'))[0], 'record');
});

/** Makes a consumer under a free name of a user, which it returns. */
async function create(nc: NatsClient, user: string, more: object): Promise<string> {
  for (let number = 32; number > 0; number -= 1) {
    const name = `${user}-${number}`;
    // The description makes it differ from one that has the name already.
    const config = { ...common, ...more, name, description: randomUUID() };
    const request = JSON.stringify({ stream_name: stream, config, action: 'create' });
    const subject = `log.api.CONSUMER.CREATE.${stream}.${name}`;
    const reply = await nc.request(subject, request, { timeout: PATIENCE_MS });
    const { error } = reply.json<{ readonly error?: { readonly err_code: number } }>();
    if (error === undefined) return name;
    if (error.err_code !== NAME_TAKEN) throw new Error(`refused with ${error.err_code}`);
  }
  throw new Error('all names are taken');
}

/** What must not change, as the server sees it. */
async function inspect(admin: NatsClient, name: string) {
  const reply = await admin.request(`$JS.API.CONSUMER.INFO.${stream}.${name}`, '', {
    timeout: PATIENCE_MS,
  });
  const { created, config, delivered, paused } = reply.json<Record<string, unknown>>();
  return { created, config, delivered, paused };
}

/** Asks once for a record: `record`, or the status that came instead. */
async function pull(
  t: ExecutionContext,
  nc: NatsClient,
  name: string,
  group: string | undefined,
): Promise<string[]> {
  const inbox = `_INBOX.projector.${randomUUID()}`;
  const answers: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = () => {
    const body = JSON.stringify({ batch: 1, group, no_wait: true });
    nc.publish(`log.api.CONSUMER.MSG.NEXT.${stream}.${name}`, body, { reply: inbox });
  };
  const subscription = nc.subscribe(inbox, {
    callback: (_, message) => {
      const code = message.headers?.code ?? 0;
      // A server learns of a new consumer after a moment.
      if (message.subject === inbox && code === 503) return void setTimeout(request, 50);
      answers.push(message.subject === inbox ? `${code}` : 'record');
      resolve();
    },
  });
  t.teardown(() => subscription.unsubscribe());
  request();
  await promise;
  return answers;
}
