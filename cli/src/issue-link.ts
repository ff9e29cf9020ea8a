import {
  ACCOUNTS_STREAM,
  decodeEvent,
  KeyRecord,
  openEvent,
  type StoredEvent,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  connectNats,
  createDataKeys,
  createJetStreamLog,
  createVerificationTokens,
  type EventLog,
  type LogRecord,
  openPersonal,
  readKeyRing,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { secretFiles } from '../../deploy/local/secrets.ts';
import { CommandError } from './command.ts';
import { findPendingProof, type PendingProof } from './pending-proof.ts';

/** What `zameni link --json` prints. */
export const LinkReport = Type.Object(
  {
    userId: Type.String(),
    attempt: Type.String({ description: 'The event that asked for the proof' }),
    purpose: Type.Enum(['registration', 'email-change']),
    token: Type.String(),
    link: Type.String(),
  },
  { additionalProperties: false, title: 'LinkReport' },
);
export type LinkReport = Static<typeof LinkReport>;

/** Seconds a link is good for: as long as a claim that nobody has proven, by default. */
const LINK_LIFETIME_SECONDS = 7 * 24 * 3_600;

/** Milliseconds to read everything from the log. */
const DEADLINE_MS = 10_000;

const keyRecordCheck = Compile(KeyRecord);

const REFUSALS = {
  unknown: ['registration-not-found', 'there is no registration with this id'],
  refused: ['registration-refused', 'this registration was refused, there is nobody to prove it'],
  proven: ['already-proven', 'the mailbox is proven already, and no other one waits for proof'],
  superseded: ['superseded', 'somebody else has proven this mailbox'],
  deactivated: ['user-deactivated', 'this user is deactivated, no proof is taken from her'],
  erased: ['user-erased', 'this user was erased'],
} as const satisfies Record<
  Exclude<PendingProof['status'], 'pending'>,
  readonly [code: string, message: string]
>;

/** Makes the verification link that the mail to a person would carry, from the log of a local stack. */
export async function issueLink(stack: Stack, userId: UserId): Promise<LinkReport> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const { events, key } = await readPerson(stack, userId, signal);
  const proof = findPendingProof(events.map((record) => decodeEvent(toText(record))));
  if (proof.status !== 'pending') {
    const [code, message] = REFUSALS[proof.status];
    throw new CommandError(code, message);
  }
  const { event, purpose } = proof;
  const claim = openClaim(stack, event, key);
  const attempt = event.metadata.id;
  const { verificationKey } = secretFiles(stack.folders.secrets);
  const tokens = createVerificationTokens(readKeyRing(verificationKey), {
    lifetimeSeconds: LINK_LIFETIME_SECONDS,
    now: () => new Date(),
  });
  const token = await tokens.issue({ userId, claim, attempt });
  // Behind the hash, because what lies there is sent to no server and lands in no access log.
  return { userId, attempt, purpose, token, link: `${stack.gateway.url}/verify#token=${token}` };
}

type Person = { readonly events: readonly LogRecord[]; readonly key: LogRecord | undefined };

async function readPerson({ nats }: Stack, userId: UserId, signal: AbortSignal): Promise<Person> {
  const login = nats.users['admin'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user admin');
  try {
    const nc = await connectNats({
      servers: nats.servers,
      user: login.user,
      password: readSecret(login.passwordFile),
      name: 'zameni link',
    });
    try {
      const { name: stream } = ACCOUNTS_STREAM;
      const log = await createJetStreamLog(nc, { stream, user: login.user });
      const events = await readFromLeader(log, subjects.account(userId), signal);
      return { events, key: await log.readLastFromLeader(subjects.key(userId), signal) };
    } finally {
      await nc.close();
    }
  } catch (cause) {
    throw new CommandError('log-unavailable', 'the log does not answer; try npx zameni status', {
      cause,
    });
  }
}

/** From the leader, so that a link can be had for what was accepted a moment ago. */
async function readFromLeader(
  log: EventLog,
  subject: string,
  signal: AbortSignal,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for (;;) {
    const next = await log.readFirst(subject, signal, records.at(-1)?.position ?? 0);
    if (next === undefined) return records;
    records.push(next);
  }
}

/** The claim of the address that an event asks to be proven. */
function openClaim(stack: Stack, stored: StoredEvent, key: LogRecord | undefined): string {
  const { metadata, type, personal } = stored;
  const { id: eventId, userId } = metadata;
  const record: unknown = key === undefined ? undefined : JSON.parse(toText(key));
  if (personal === null || !keyRecordCheck.Check(record)) {
    throw new CommandError('key-missing', 'the key of this user is not in the log');
  }
  const dataKey = createDataKeys(readKeyRing(stack.keys.kekFile)).open(userId, record);
  const event = openEvent(stored, openPersonal(dataKey, { eventId, type, userId }, personal));
  if (event.name !== 'registered' && event.name !== 'email-change-requested') {
    throw new RangeError(`${event.name} asks for no proof`);
  }
  return event.personal.claim;
}

function toText(record: LogRecord): string {
  return Buffer.from(record.data).toString();
}
