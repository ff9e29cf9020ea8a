import { randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  inboxPrefix,
  NATS_PERMISSIONS,
  NATS_USERS,
  type NatsUser,
} from '@zameni/contracts';
import { connectTestNats, createTestLog, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';

type NatsClient = Awaited<ReturnType<typeof connectTestNats>>;
type Door = readonly [subject: string, ...openFor: User[]];

type User = Exclude<NatsUser, 'admin'>;
const USERS = NATS_USERS.filter((user): user is User => user !== 'admin');

/** The API of the log as its users call it. Only `admin` may make the calls of `admin`. */
const api = 'log.api';
const ownApi = '$JS.API';
const stream = ACCOUNTS_STREAM.name;
const id = 'd2b5f0a4-1c1e-4d2a-9d0c-0a4b8f2f6c11';

/**
 * What a call or an append does not take, so that an open door does no harm: the log accepts no
 * message of this length, and it is neither an empty request nor JSON, as JetStream requires.
 */
const tooLong = Buffer.alloc(ACCOUNTS_STREAM.max_msg_size + 1, '.');

/** A consumer gives records for any text. It may be one of a service, which has another group. */
const otherGroup = JSON.stringify({ batch: 1, group: 'none', no_wait: true });

function refusedBy(subject: string): Buffer | string {
  return subject.includes('.CONSUMER.MSG.NEXT.') ? otherGroup : tooLong;
}

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

/** The names of a user's consumers differ in their number only. */
const ANY_CONSUMER = /\.([a-z]+)-\d+/;

/** Calls to a consumer that nobody needs. */
const CONSUMER_CALLS = ['DURABLE.CREATE', 'INFO', 'PAUSE', 'RESET', 'UNPIN', 'LEADER.STEPDOWN'];

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
  // A consumer belongs to the user whose name it has.
  ...(['projector', 'mailer', 'eraser', 'auditor', 'analyst'] as const).flatMap((user) =>
    [`${user}-1`, `${user}-32`].flatMap((name): Door[] => [
      [`${api}.CONSUMER.MSG.NEXT.${stream}.${name}`, user],
      [`${api}.CONSUMER.DELETE.${stream}.${name}`, user],
      ...CONSUMER_CALLS.map((call): Door => [`${api}.CONSUMER.${call}.${stream}.${name}`]),
    ]),
  ),
  // These read everything, or several kinds, which do not fit into the subject.
  ...(['projector', 'mailer', 'auditor'] as const).map(
    (user): Door => [`${api}.CONSUMER.CREATE.${stream}.${user}-1`, user],
  ),
  [`${api}.CONSUMER.CREATE.${stream}.projector-1.zameni.account.*`],
  [`${api}.CONSUMER.CREATE.${stream}.eraser-1`],
  [`${api}.CONSUMER.CREATE.${stream}.analyst-1`],
  [`${api}.CONSUMER.CREATE.${stream}.analyst-1.zameni.account.*`, 'analyst'],
  ...['key', 'claim', 'deletion'].flatMap((kind): Door[] => [
    [`${api}.CONSUMER.CREATE.${stream}.eraser-1.zameni.${kind}.*`, 'eraser'],
    [`${api}.CONSUMER.CREATE.${stream}.analyst-1.zameni.${kind}.*`],
  ]),
  ...['account.*', 'attempt.*', 'mail-wish.*', 'farewell.*', '*.*', '>'].map(
    (kind): Door => [`${api}.CONSUMER.CREATE.${stream}.eraser-1.zameni.${kind}`],
  ),
  [`${api}.CONSUMER.CREATE.${stream}.eraser-1.>`],
  [`${api}.CONSUMER.CREATE.${stream}`],
  [`${api}.CONSUMER.CREATE.${stream}.none`],
  [`${api}.CONSUMER.CREATE.${stream}.none.zameni.account.*`],
  [`${api}.CONSUMER.CREATE.${stream}.command-api-1`],
  [`${api}.CONSUMER.CREATE.${stream}.query-api-1`],
  [`${api}.CONSUMER.CREATE.${stream}.projector-33`],
  [`${api}.CONSUMER.MSG.NEXT.${stream}.none`],
  [`${api}.CONSUMER.DELETE.${stream}.none`],
  [`${api}.STREAM.MSG.DELETE.${stream}`, 'eraser'],
  [`${api}.CONSUMER.CREATE.OTHER`],
  [`${api}.CONSUMER.CREATE.OTHER.none`],
  [`${api}.CONSUMER.NAMES.${stream}`],
  [`${api}.CONSUMER.LIST.${stream}`],
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
    const open = await findOpen(t, user, publishDoors.map(toSubject));
    t.deepEqual(open, expectedOf(publishDoors, user));
  });

  test(`${user} subscribes where it may and nowhere else`, async (t) => {
    const nc = await connectTestNats(t, user);
    const subjects = subscribeDoors.map(toSubject);
    const open = await Promise.all(subjects.map((subject) => canSubscribe(nc, subject)));
    t.deepEqual(
      subjects.filter((_, index) => open[index]),
      expectedOf(subscribeDoors, user),
    );
  });

  test(`every permission of ${user} is among the tried doors`, (t) => {
    const { publish, subscribe } = NATS_PERMISSIONS[user];
    for (const [patterns, doors] of [
      [publish, publishDoors],
      [subscribe, subscribeDoors],
    ] as const) {
      const open = expectedOf(doors, user);
      t.deepEqual(
        patterns
          .map((pattern) => pattern.replace(ANY_CONSUMER, '.$1-1'))
          .filter((pattern) => !open.some((subject) => matches(pattern, subject))),
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
    t.deepEqual(await findOpen(t, user, [subject('led')]), []);
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
        nc.publish(called, refusedBy(called), { reply: `${inboxPrefix(listener)}.${own}` });
      }
      nc.publish(called, refusedBy(called), { reply: subject('led') });
    }
    // The control: answers to the user itself do arrive, and no earlier message is still on its
    // way.
    await waitUntil(() => (received[2]?.() ?? 0) > 0);
    t.false(await arrives(() => [0, 1].some((index) => (received[index]?.() ?? 0) > 0)));
    t.is(await log.head(AbortSignal.timeout(PATIENCE_MS)), 0);
  });
}

/**
 * The subjects that a user may publish to. The server refuses the others before it answers the ping
 * that follows, so no answer to the message itself is needed: while leaders change, there is none.
 */
async function findOpen(
  t: ExecutionContext,
  user: User,
  subjects: readonly string[],
): Promise<string[]> {
  const nc = await connectTestNats(t, user);
  const refusals: string[] = [];
  const watching = (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'error') refusals.push(status.error.message);
    }
  })();
  for (const subject of subjects) {
    nc.publish(subject, refusedBy(subject));
    await nc.flush();
  }
  await nc.close();
  await watching;
  return subjects.filter((subject) => !refusals.some((one) => one.includes(`to "${subject}"`)));
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

/** Whether a condition becomes true soon. For an absence the whole time must pass. */
async function arrives(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  return waitUntil(condition, 1_000).then(
    () => true,
    () => false,
  );
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
