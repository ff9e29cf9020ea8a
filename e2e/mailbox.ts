import { join } from 'node:path';
import {
  decodeEvent,
  type EventName,
  KeyRecord,
  openEvent,
  type StoredEvent,
  subjects,
} from '@zameni/contracts';
import {
  createDataKeys,
  createVerificationTokens,
  type EventLog,
  openKeyRing,
  openPersonal,
} from '@zameni/runtime';
import { createSilentLogger, type Stack, waitUntil } from '@zameni/runtime/testing';
import { Value } from 'typebox/value';
import { openAdminLog } from './admin-log.ts';

/** What asks for the proof of a mailbox. */
export type Attempt = Extract<EventName, 'registered' | 'email-change-requested'>;

/** The mailboxes of everybody: the tokens of the links that are sent to them. */
export type Mailboxes = AsyncDisposable & {
  /** The token for the newest attempt of its kind of a person. */
  readonly tokenFor: (userId: string, attempt: Attempt) => Promise<string>;
};

/** No link can be made any more: the person has lost the address or was erased, and her key with it. */
export class LinkGoneError extends Error {
  override readonly name = 'LinkGoneError';
}

const READ_DEADLINE_MS = 10_000;
const LIFETIME_SECONDS = 60 * 60;

/** Opens the mailboxes: makes each token from the log and the keys of the stack. */
export async function openMailboxes(stack: Stack): Promise<Mailboxes> {
  const { log, [Symbol.asyncDispose]: close } = await openAdminLog(stack, 'mailboxes');
  const logger = createSilentLogger();
  const dataKeys = createDataKeys(openKeyRing(stack.keys.kekFile, { logger }));
  const ring = openKeyRing(join(stack.folders.secrets, 'verification-key.json'), { logger });
  const options = { lifetimeSeconds: LIFETIME_SECONDS, now: () => new Date() };
  const tokens = createVerificationTokens(ring, options);
  return {
    tokenFor: async (userId, attempt) => {
      const event = await findNewest(log, userId, attempt);
      const { metadata, type, personal } = event;
      const signal = AbortSignal.timeout(READ_DEADLINE_MS);
      const record = await log.readLastFromLeader(subjects.key(userId), signal);
      if (record === undefined) {
        const newest = await log.readLastFromLeader(subjects.account(userId), signal);
        const name = newest && decodeEvent(Buffer.from(newest.data).toString('utf8')).name;
        if (name === 'superseded' || name === 'erased') throw new LinkGoneError(userId);
      }
      if (record === undefined || personal === null) throw new Error(`${userId} has no key`);
      const key = dataKeys.open(userId, Value.Parse(KeyRecord, parse(record.data)));
      const binding = { eventId: metadata.id, type, userId };
      const opened = openEvent(event, openPersonal(key, binding, personal));
      if (opened.name !== attempt) throw new Error(`${userId} has no ${attempt}`);
      const { claim } = opened.personal;
      return tokens.issue({ userId: metadata.userId, claim, attempt: metadata.id });
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A replica that lags behind what was accepted is asked again. */
async function findNewest(log: EventLog, userId: string, name: Attempt): Promise<StoredEvent> {
  let found: StoredEvent | undefined;
  await waitUntil(async () => {
    const signal = AbortSignal.timeout(READ_DEADLINE_MS);
    const records = await log.readSubject(subjects.account(userId), signal);
    const newest = await log.readLastFromLeader(subjects.account(userId), signal);
    const events = records.map(({ data }) => decodeEvent(Buffer.from(data).toString('utf8')));
    found = events.findLast((event) => event.name === name);
    return found !== undefined && newest?.position === records.at(-1)?.position;
  }, READ_DEADLINE_MS);
  if (found === undefined) throw new Error(`${userId} has no ${name}`);
  return found;
}

function parse(data: Uint8Array): unknown {
  return JSON.parse(Buffer.from(data).toString('utf8'));
}
