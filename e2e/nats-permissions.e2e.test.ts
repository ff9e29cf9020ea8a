import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ACCOUNTS_STREAM, inboxPrefix, NATS_PERMISSIONS } from '@zameni/contracts';
import { connectTestNats, createTestLog, readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;
type Door = readonly [subject: string, ...openFor: User[]];

const USERS = ['command-api', 'projector', 'query-api'] as const;
type User = (typeof USERS)[number];

const api = '$JS.API';
const stream = ACCOUNTS_STREAM.name;
const id = 'd2b5f0a4-1c1e-4d2a-9d0c-0a4b8f2f6c11';

/**
 * No harm is done by a door that is open against expectation: the log takes no message of this
 * length, and it is neither an empty request nor JSON, as JetStream wants them.
 */
const tooLong = Buffer.alloc(ACCOUNTS_STREAM.max_msg_size + 1, '.');

/** What may be published to, and by whom; written out, so that no change goes unnoticed. */
const publishDoors: readonly Door[] = [
  [`zameni.account.${id}`, 'command-api'],
  [`zameni.claim.${id}`, 'command-api'],
  [`zameni.key.${id}`, 'command-api'],
  [`zameni.account.${id}.more`],
  ['zameni.other'],
  ['anything'],
  [`${api}.STREAM.INFO.${stream}`, ...USERS],
  [`${api}.STREAM.MSG.GET.${stream}`, ...USERS],
  [`${api}.DIRECT.GET.${stream}`, 'command-api'],
  [`${api}.DIRECT.GET.${stream}.zameni.account.${id}`],
  [`${api}.CONSUMER.CREATE.${stream}`, 'projector'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.account.*`, 'projector'],
  [`${api}.CONSUMER.INFO.${stream}.none`, 'projector'],
  [`${api}.CONSUMER.MSG.NEXT.${stream}.none`, 'projector'],
  [`${api}.CONSUMER.DELETE.${stream}.none`, 'projector'],
  [`${api}.CONSUMER.DURABLE.CREATE.${stream}.none`],
  [`${api}.CONSUMER.CREATE.OTHER`],
  [`${api}.CONSUMER.NAMES.${stream}`],
  [`${api}.CONSUMER.LIST.${stream}`],
  [`${api}.CONSUMER.PAUSE.${stream}.none`],
  [`${api}.CONSUMER.LEADER.STEPDOWN.${stream}.none`],
  [`${api}.STREAM.CREATE.${stream}`],
  [`${api}.STREAM.CREATE.OTHER`],
  [`${api}.STREAM.UPDATE.${stream}`],
  [`${api}.STREAM.DELETE.${stream}`],
  [`${api}.STREAM.PURGE.${stream}`],
  [`${api}.STREAM.MSG.DELETE.${stream}`],
  [`${api}.STREAM.SNAPSHOT.${stream}`],
  [`${api}.STREAM.RESTORE.${stream}`],
  [`${api}.STREAM.PEER.REMOVE.${stream}`],
  [`${api}.STREAM.LEADER.STEPDOWN.${stream}`],
  [`${api}.STREAM.INFO.OTHER`],
  [`${api}.STREAM.MSG.GET.OTHER`],
  [`${api}.STREAM.NAMES`],
  [`${api}.STREAM.LIST`],
  [`${api}.INFO`],
  [`${api}.ACCOUNT.PURGE.$G`],
  [`${api}.META.LEADER.STEPDOWN`],
  [`${api}.SERVER.REMOVE`],
  [`$JS.ACK.${stream}.none.1.1.1.1.0`],
  ['$SYS.REQ.SERVER.PING'],
  ['$SYS.REQ.USER.INFO'],
  // The servers answer under a user's prefix; the users themselves answer nobody.
  ...USERS.map((user): Door => [`${inboxPrefix(user)}.reply`]),
  [`${inboxPrefix('admin')}.reply`],
];

const subscribeDoors: readonly Door[] = [
  ...USERS.map((user): Door => [`${inboxPrefix(user)}.>`, user]),
  ...USERS.map((user): Door => [`${inboxPrefix(user)}.reply`, user]),
  ...USERS.map((user): Door => [`${inboxPrefix(user)}-2.>`]),
  [`${inboxPrefix('admin')}.>`],
  ['_INBOX.>'],
  ['_INBOX.*.reply'],
  ['>'],
  ['*.*.*'],
  ['zameni.>'],
  ['zameni.*.*'],
  ['zameni.account.*'],
  ['zameni.claim.*'],
  [`zameni.key.${id}`],
  ['$JS.>'],
  [`${api}.>`],
  ['$JS.EVENT.ADVISORY.>'],
  ['$SYS.>'],
  ['$NRG.>'],
];

for (const user of USERS) {
  test(`${user} publishes where it may and nowhere else`, async (t) => {
    const nc = await connectTestNats(t, user);
    const open = await filterAsync(publishDoors, ([subject]) => canPublish(nc, subject));
    t.deepEqual(open.map(toSubject), expectedOf(publishDoors, user));
  });

  test(`${user} subscribes where it may and nowhere else`, async (t) => {
    const nc = await connectTestNats(t, user);
    const open = await filterAsync(subscribeDoors, ([subject]) => canSubscribe(nc, subject));
    t.deepEqual(open.map(toSubject), expectedOf(subscribeDoors, user));
  });

  test(`every permission of ${user} is among the doors tried`, (t) => {
    const { publish, subscribe } = NATS_PERMISSIONS[user];
    for (const [patterns, doors] of [
      [publish, publishDoors],
      [subscribe, subscribeDoors],
    ] as const) {
      const open = expectedOf(doors, user);
      t.deepEqual(
        patterns.filter((pattern) => !open.some((subject) => matches(pattern, subject))),
        [],
      );
    }
  });

  /*
   * The servers write the answer to a request to whatever subject the request names, and deliver a
   * consumer's messages likewise, past the permissions of the user (nats-server issue 8274). Known
   * to fail until users of the log have accounts of their own; until then who holds the password
   * of a service can put answers of the servers, and with the projector's records of the log, there.
   */
  test.failing(`${user} cannot lead an answer into a log`, async (t) => {
    const { log, subject } = await createTestLog(t);
    const nc = await connectTestNats(t, user);
    t.false(await canPublish(nc, subject('led')));
    nc.publish(`${api}.STREAM.INFO.${stream}`, '', { reply: subject('led') });
    t.false(await arrives(async () => (await log.head(AbortSignal.timeout(5_000))) > 0));
  });

  test.failing(`${user} cannot lead an answer to another user`, async (t) => {
    const other = user === 'projector' ? 'query-api' : 'projector';
    const target = `${inboxPrefix(other)}.${randomUUID()}`;
    const [nc, reader] = [await connectTestNats(t, user), await connectTestNats(t, other)];
    let received = 0;
    reader.subscribe(target, { callback: () => void (received += 1) });
    await reader.flush();
    nc.publish(`${api}.STREAM.INFO.${stream}`, '', { reply: target });
    t.false(await arrives(() => received > 0));
  });
}

test('only a user with the right password logs in, at every server', async (t) => {
  const { nats, folders } = await readTestStack();
  const [admin, query] = ['admin', 'query-api'].map((user) =>
    readPassword(nats.users[user]?.passwordFile ?? ''),
  );
  const route = readPassword(join(folders.secrets, 'nats-route.password'));
  for (const server of nats.servers) {
    t.is(await logIn(server, { user: 'query-api', pass: query }), 'PONG', 'the control');
    for (const login of [
      {},
      { user: '', pass: '' },
      { user: 'query-api' },
      { user: 'query-api', pass: '' },
      { user: 'query-api', pass: `${query}x` },
      { user: 'query-api', pass: admin },
      { user: 'admin', pass: query },
      { user: 'nobody', pass: query },
      { user: 'route', pass: route },
      { auth_token: query },
    ]) {
      const names = `${server} ${Object.keys(login).join()} ${login.user}`;
      t.is(await logIn(server, login), "-ERR 'Authorization Violation'", names);
    }
  }
});

test('the routes of the cluster are open to no client', async (t) => {
  const { nats } = await readTestStack();
  const pass = readPassword(nats.users['admin']?.passwordFile ?? '');
  const routes = await Promise.all(nats.monitors.map(readRouteAddress));
  t.is(new Set([...routes, ...nats.servers]).size, 6);
  for (const route of routes) {
    for (const login of [{}, { user: 'admin', pass }, { user: 'route', pass }]) {
      t.regex(await logIn(route, login), /^-ERR 'Authorization Violation'/, route);
    }
  }
});

/** Whether a request passes the server's check; what answers it, if anyone, does not matter. */
async function canPublish(nc: NatsClient, subject: string): Promise<boolean> {
  try {
    await nc.request(subject, tooLong, { timeout: 5_000 });
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const cause = error.cause instanceof Error ? error.cause : error;
    if (cause.name === 'NoResponders') return true;
    if (cause.name === 'PermissionViolationError') return false;
    throw error;
  }
}

async function canSubscribe(nc: NatsClient, subject: string): Promise<boolean> {
  let isRefused = false;
  const subscription = nc.subscribe(subject, {
    callback: (error) => {
      isRefused ||= error?.name === 'PermissionViolationError';
    },
  });
  await nc.flush();
  subscription.unsubscribe();
  return !isRefused;
}

/** What a server says to a login: PONG or an error. */
async function logIn(address: string, login: object): Promise<string> {
  const { hostname, port } = new URL(`nats://${address}`);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setTimeout(5_000, () => socket.destroy(new Error(`${address} says nothing`)));
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...login })}\r\nPING\r\n`);
  let said = '';
  for await (const chunk of socket) {
    said += String(chunk);
    const answer = /^(?:PONG|-ERR .*)(?=\r\n)/m.exec(said)?.[0];
    if (answer !== undefined) return answer;
  }
  return `closed after ${said}`;
}

async function readRouteAddress(monitor: string): Promise<string> {
  const response = await fetch(`${monitor}/varz`);
  const { cluster } = (await response.json()) as {
    cluster: { addr: string; cluster_port: number };
  };
  return `${cluster.addr}:${cluster.cluster_port}`;
}

/** Whether something comes to hold soon; an absence can only be waited for. */
async function arrives(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  return waitUntil(condition, 1_000).then(
    () => true,
    () => false,
  );
}

async function filterAsync<T>(items: readonly T[], accept: (item: T) => Promise<boolean>) {
  const accepted: T[] = [];
  for (const item of items) if (await accept(item)) accepted.push(item);
  return accepted;
}

function expectedOf(doors: readonly Door[], user: User): string[] {
  return doors.filter(([, ...openFor]) => openFor.includes(user)).map(toSubject);
}

function toSubject([subject]: Door): string {
  return subject;
}

/** Whether a pattern of NATS covers a subject or a narrower pattern. */
function matches(pattern: string, subject: string): boolean {
  const tokens = subject.split('.');
  const parts = pattern.split('.');
  const isOpen = parts.at(-1) === '>';
  if (isOpen ? tokens.length < parts.length : tokens.length !== parts.length) return false;
  return parts.every((part, index) => part === '>' || part === '*' || part === tokens[index]);
}

function readPassword(path: string): string {
  return readFileSync(path, 'utf8').trimEnd();
}
