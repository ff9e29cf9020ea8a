import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ACCOUNTS_STREAM, inboxPrefix, NATS_PERMISSIONS } from '@zameni/contracts';
import { askServer, type WatchedServer, watchedServers } from '@zameni/runtime';
import { connectTestNats, createTestLog, readTestStack, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;
type Door = readonly [subject: string, ...openFor: User[]];

const USERS = [
  'command-api',
  'projector',
  'query-api',
  'mailer',
  'eraser',
  'auditor',
  'analyst',
  'monitor',
] as const;
type User = (typeof USERS)[number];

const Route = Type.Object({
  cluster: Type.Object({ addr: Type.String(), cluster_port: Type.Integer() }),
});

/** State of a socket in the tables of Linux. */
const LISTENS = '0A';

/** The API of the log as its users call it. Only `admin` may make the calls of `admin`. */
const api = 'log.api';
const ownApi = '$JS.API';
const stream = ACCOUNTS_STREAM.name;
const id = 'd2b5f0a4-1c1e-4d2a-9d0c-0a4b8f2f6c11';

/**
 * An unexpectedly open door does no harm: the log accepts no message of this length, and it is
 * neither an empty request nor JSON, as JetStream requires.
 */
const tooLong = Buffer.alloc(ACCOUNTS_STREAM.max_msg_size + 1, '.');

/** Calls that change the stream itself. Only the admin may make them. */
const changes = [
  `STREAM.CREATE.${stream}`,
  'STREAM.CREATE.OTHER',
  `STREAM.UPDATE.${stream}`,
  `STREAM.DELETE.${stream}`,
  `STREAM.PURGE.${stream}`,
  `STREAM.SNAPSHOT.${stream}`,
  `STREAM.RESTORE.${stream}`,
  `STREAM.PEER.REMOVE.${stream}`,
  'ACCOUNT.PURGE.LOG',
  'META.LEADER.STEPDOWN',
  'SERVER.REMOVE',
];

/** What servers also tell or do, and nobody may ask for. */
const SYSTEM_CALLS = [
  'CONNZ',
  'SUBSZ',
  'ROUTEZ',
  'ACCOUNTZ',
  'STATSZ',
  'IDZ',
  'RAFTZ',
  'PROFILEZ',
  'EXPVARZ',
  'RELOAD',
  'KICK',
  'LDM',
];

/** Allowed subjects to publish to, by user. Written out, so that no change goes unnoticed. */
const publishDoors: readonly Door[] = [
  [`zameni.account.${id}`, 'command-api'],
  [`zameni.claim.${id}`, 'command-api', 'eraser'],
  [`zameni.key.${id}`, 'command-api', 'eraser'],
  [`zameni.attempt.${id}`, 'command-api', 'eraser'],
  [`zameni.mail-wish.${id}`, 'command-api'],
  [`zameni.farewell.${id}`, 'command-api'],
  [`zameni.deletion.${id}`, 'command-api', 'eraser'],
  [`zameni.account.${id}.more`],
  ['zameni.other'],
  ['anything'],
  [
    `${api}.STREAM.INFO.${stream}`,
    'command-api',
    'projector',
    'query-api',
    'mailer',
    'eraser',
    'auditor',
  ],
  [`${api}.STREAM.MSG.GET.${stream}`, 'command-api', 'projector', 'mailer', 'eraser'],
  [`${api}.DIRECT.GET.${stream}`, 'command-api', 'projector', 'mailer', 'eraser'],
  [`${api}.DIRECT.GET.${stream}.zameni.account.${id}`, 'projector', 'analyst'],
  [`${api}.DIRECT.GET.${stream}.zameni.key.${id}`, 'projector', 'eraser'],
  [`${api}.DIRECT.GET.${stream}.zameni.claim.${id}`, 'eraser'],
  [`${api}.DIRECT.GET.${stream}.zameni.deletion.${id}`, 'eraser'],
  [`${api}.DIRECT.GET.${stream}.zameni.attempt.${id}`],
  [`${api}.DIRECT.GET.${stream}.zameni.mail-wish.${id}`],
  [`${api}.DIRECT.GET.${stream}.zameni.farewell.${id}`],
  [`${api}.DIRECT.GET.${stream}.zameni.*.${id}`],
  [`${api}.DIRECT.GET.${stream}.zameni.>`],
  [`${api}.DIRECT.GET.${stream}.>`],
  // Several filters do not fit into the subject.
  [`${api}.CONSUMER.CREATE.${stream}`, 'mailer'],
  // Projector and auditor read everything. A filter in the subject is for users who may not.
  [`${api}.CONSUMER.CREATE.${stream}.none`, 'projector', 'auditor'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.account.*`, 'analyst'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.key.*`, 'eraser'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.claim.*`, 'eraser'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.deletion.*`, 'eraser'],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.attempt.*`],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.mail-wish.*`],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.farewell.*`],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.*.*`],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.>`],
  [`${api}.CONSUMER.CREATE.${stream}.none.>`],
  [
    `${api}.CONSUMER.MSG.NEXT.${stream}.none`,
    'projector',
    'mailer',
    'eraser',
    'auditor',
    'analyst',
  ],
  [`${api}.CONSUMER.DELETE.${stream}.none`, 'projector', 'mailer', 'eraser', 'auditor', 'analyst'],
  [`${api}.STREAM.MSG.DELETE.${stream}`, 'eraser'],
  [`${api}.CONSUMER.INFO.${stream}.none`],
  [`${api}.CONSUMER.DURABLE.CREATE.${stream}.none`],
  [`${api}.CONSUMER.RESET.${stream}.none`],
  [`${api}.CONSUMER.CREATE.OTHER`],
  [`${api}.CONSUMER.CREATE.OTHER.none`],
  [`${api}.CONSUMER.NAMES.${stream}`],
  [`${api}.CONSUMER.LIST.${stream}`],
  [`${api}.CONSUMER.PAUSE.${stream}.none`],
  [`${api}.CONSUMER.LEADER.STEPDOWN.${stream}.none`],
  [`${api}.STREAM.LEADER.STEPDOWN.${stream}`, 'auditor'],
  ...changes.map((call): Door => [`${api}.${call}`]),
  ...changes.map((call): Door => [`${ownApi}.${call}`]),
  [`${ownApi}.STREAM.LEADER.STEPDOWN.${stream}`],
  [`${ownApi}.STREAM.INFO.${stream}`],
  [`${ownApi}.STREAM.MSG.GET.${stream}`],
  [`${ownApi}.STREAM.MSG.DELETE.${stream}`],
  [`${ownApi}.DIRECT.GET.${stream}`],
  [`${ownApi}.CONSUMER.CREATE.${stream}.none`],
  [`${api}.STREAM.INFO.OTHER`],
  [`${api}.STREAM.MSG.GET.OTHER`],
  [`${api}.STREAM.NAMES`],
  [`${api}.STREAM.LIST`],
  [`${api}.INFO`],
  [`$JS.ACK.${stream}.none.1.1.1.1.0`],
  ...['VARZ', 'JSZ', 'HEALTHZ'].map((report): Door => [`log.server.PING.${report}`, 'monitor']),
  ...SYSTEM_CALLS.map((call): Door => [`log.server.PING.${call}`]),
  ...['VARZ', 'JSZ', 'HEALTHZ', ...SYSTEM_CALLS].map(
    (call): Door => [`$SYS.REQ.SERVER.PING.${call}`],
  ),
  ['$SYS.REQ.SERVER.PING'],
  ['$SYS.REQ.ACCOUNT.PING.CONNZ'],
  ['$SYS.REQ.ACCOUNT.LOG.CONNZ'],
  ['$SYS.REQ.CLAIMS.LIST'],
  ['$SYS.REQ.USER.INFO'],
  // The servers answer under a user's prefix. The users themselves answer nobody.
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
  ['zameni.attempt.*'],
  ['zameni.mail-wish.*'],
  ['zameni.farewell.*'],
  ['zameni.deletion.*'],
  [`zameni.key.${id}`],
  ['$JS.>'],
  [`${api}.>`],
  [`${ownApi}.>`],
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

  test(`every permission of ${user} is among the tried doors`, (t) => {
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
   * JetStream writes the answer to a request to the subject that the request names, past the
   * permissions of the user (nats-server issue 8274). A separate account confines it.
   */
  test(`no answer that ${user} redirects arrives in a log or at another user`, async (t) => {
    const { log, subject } = await createTestLog(t);
    const other = user === 'projector' ? 'query-api' : 'projector';
    const nc = await connectTestNats(t, user);
    t.false(await canPublish(nc, subject('led')));
    const own = randomUUID();
    const listeners = [other, 'admin', user];
    const received = await Promise.all(
      listeners.map((listener) => countMessages(t, listener, `${inboxPrefix(listener)}.${own}`)),
    );
    const calls = NATS_PERMISSIONS[user].publish.filter((subject) => subject.startsWith('log.'));
    t.true(calls.length > 0);
    for (const call of calls) {
      const any = call.replace('log.server.*', 'log.server.PING');
      const called = any.replace(/\*/g, 'none').replace(/>$/, 'none');
      for (const listener of listeners) {
        nc.publish(called, '', { reply: `${inboxPrefix(listener)}.${own}` });
      }
      nc.publish(called, '', { reply: subject('led') });
    }
    // The control: answers to the user itself do arrive, and no earlier message is still on its
    // way.
    await waitUntil(() => (received[2]?.() ?? 0) > 0);
    t.false(await arrives(() => [0, 1].some((index) => (received[index]?.() ?? 0) > 0)));
    t.is(await log.head(AbortSignal.timeout(5_000)), 0);
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

test('the routes of the cluster are closed to clients', async (t) => {
  const stack = await readTestStack();
  const { nats } = stack;
  const pass = readPassword(nats.users['admin']?.passwordFile ?? '');
  const routes = await Promise.all(watchedServers(stack).map(readRouteAddress));
  t.is(new Set([...routes, ...nats.servers]).size, 6);
  for (const route of routes) {
    for (const login of [{}, { user: 'admin', pass }, { user: 'route', pass }]) {
      t.regex(await logIn(route, login), /^-ERR 'Authorization Violation'/, route);
    }
  }
});

test('a server listens for clients and routes only, and answers no stranger', async (t) => {
  const stack = await readTestStack();
  for (const [index, server] of watchedServers(stack).entries()) {
    const pid = stack.pids[`nats-${index + 1}`] ?? 0;
    const known = [server.address, await readRouteAddress(server)].map((address) =>
      Number(address.split(':')[1]),
    );
    t.deepEqual(new Set(await listeningPorts(pid)), new Set(known), server.address);
    for (const port of known) {
      const asked = fetch(`http://127.0.0.1:${port}/varz`, { signal: AbortSignal.timeout(5_000) });
      await t.throwsAsync(asked, undefined, `${port} answers HTTP`);
    }
  }
});

/** Whether a request passes the server's check. The answer, if any, does not matter. */
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

/** Listens as a user, and counts the messages that arrive. */
async function countMessages(
  t: ExecutionContext,
  user: string,
  subject: string,
): Promise<() => number> {
  const nc = await connectTestNats(t, user);
  let count = 0;
  nc.subscribe(subject, { callback: () => void (count += 1) });
  await nc.flush();
  return () => count;
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

/** A server's answer to a login: PONG or an error. */
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

async function readRouteAddress(server: WatchedServer): Promise<string> {
  const { data } = await askServer(server, 'VARZ', {}, AbortSignal.timeout(5_000));
  if (!Value.Check(Route, data)) throw new Error('a server does not tell its route');
  return `${data.cluster.addr}:${data.cluster.cluster_port}`;
}

/** The TCP ports on which a process of this machine listens (Linux). */
async function listeningPorts(pid: number): Promise<number[]> {
  const sockets = new Set<string>();
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n').map((row) => row.trim().split(/\s+/)));
  return rows.flatMap(([, local = '', , state, , , , , , inode = '']) =>
    state === LISTENS && sockets.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [],
  );
}

/** Whether a condition becomes true soon. For an absence the whole time must pass. */
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
