import {
  decodeEvent,
  openEvent,
  parseAttemptRecord,
  parseKeyRecord,
  parseOrThrow,
  parseUserId,
  type StoredEvent,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  createDataKeys,
  createPositions,
  createVerificationTokens,
  type DataKeys,
  type EventLog,
  openKeyRing,
  openPersonal,
  type Positions,
  type Proof,
} from '@zameni/runtime';
import { createSilentLogger, PATIENCE_MS, type Stack, waitUntil } from '@zameni/runtime/testing';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { openAdminLog } from '../log/admin-log.ts';

/** What a link proves: an attempt, an account's unproven address, or its pending address. */
export type LinkKind = 'attempt' | 'registered' | 'email-change-requested';

/** Optional content of a link. */
export type LinkOptions = {
  /**
   * The attempt that caused the mail, as its registration was answered. Only for links of accounts.
   */
  readonly names?: { readonly id: string; readonly position: string };
};

/** The mailboxes of everybody: the tokens of the links that are sent to them. */
export type Mailboxes = AsyncDisposable & {
  /** The token for the newest attempt, registration or address change of an id. */
  readonly tokenFor: (id: string, kind: LinkKind, options?: LinkOptions) => Promise<string>;
};

/** No link can be made: the attempt is over, or the account and its key are erased. */
export class LinkGoneError extends Error {
  override readonly name = 'LinkGoneError';
}

/** Every link lives an hour, so a shortened attempt ends at its own instant, not with the link. */
const LIFETIME_MS = 60 * 60 * 1_000;

/** Opens the mailboxes. Each token is made from the log and the keys of the stack. */
export async function openMailboxes(stack: Stack): Promise<Mailboxes> {
  const { log, [Symbol.asyncDispose]: close } = await openAdminLog(stack, 'mailboxes');
  const logger = createSilentLogger();
  const { verificationKey } = secretFiles(stack.folders.secrets);
  const dataKeys = createDataKeys(openKeyRing(stack.keys.kekFile, { logger }));
  const positions = createPositions(openKeyRing(stack.keys.positionKeyFile, { logger }));
  const ring = openKeyRing(verificationKey, { logger });
  const tokens = createVerificationTokens(ring, { positions, now: () => new Date() });
  return {
    tokenFor: async (id, kind, { names } = {}) => {
      const proof =
        kind === 'attempt'
          ? await findAttempt(log, toUserId(id))
          : {
              ...(await findRequest({ log, dataKeys }, toUserId(id), kind)),
              ...name(positions, names),
            };
      return tokens.issue(proof, new Date(Date.now() + LIFETIME_MS));
    },
    [Symbol.asyncDispose]: close,
  };
}

async function findAttempt(log: EventLog, id: UserId): Promise<Proof> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const last = await log.readLastFromLeader(subjects.attempt(id), signal);
  const record = last && parseAttemptRecord(last.data);
  if (last === undefined || record?.state !== 'open') throw new LinkGoneError(id);
  return { kind: 'attempt', id, claim: record.claim, position: last.position };
}

async function findRequest(
  { log, dataKeys }: { readonly log: EventLog; readonly dataKeys: DataKeys },
  id: UserId,
  name: Exclude<LinkKind, 'attempt'>,
): Promise<Extract<Proof, { kind: 'account' }>> {
  const event = await findNewest(log, id, name);
  const { metadata, type, personal } = event;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const record = await log.readLastFromLeader(subjects.key(id), signal);
  if (record === undefined) {
    const newest = await log.readLastFromLeader(subjects.account(id), signal);
    const last = newest && decodeEvent(Buffer.from(newest.data).toString('utf8')).name;
    if (last === 'erased') throw new LinkGoneError(id);
  }
  if (record === undefined || personal === null) throw new Error(`${id} has no key`);
  const key = dataKeys.open(id, parseOrThrow(parseKeyRecord, record));
  const binding = { eventId: metadata.id, type, userId: id };
  const opened = openEvent(event, openPersonal(key, binding, personal));
  if (opened.name !== name) throw new Error(`${id} has no ${name}`);
  return { kind: 'account', id, claim: opened.personal.claim, request: metadata.id };
}

/** Retries while the replica has not caught up with what was accepted. */
async function findNewest(
  log: EventLog,
  id: UserId,
  name: Exclude<LinkKind, 'attempt'>,
): Promise<StoredEvent> {
  let found: StoredEvent | undefined;
  await waitUntil(async () => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const records = await log.readSubject(subjects.account(id), signal);
    const newest = await log.readLastFromLeader(subjects.account(id), signal);
    const events = records.map(({ data }) => decodeEvent(Buffer.from(data).toString('utf8')));
    found = events.findLast((event) => event.name === name);
    return found !== undefined && newest?.position === records.at(-1)?.position;
  });
  if (found === undefined) throw new Error(`${id} has no ${name}`);
  return found;
}

function name(positions: Positions, names: LinkOptions['names']) {
  if (names === undefined) return {};
  const position = positions.open(names.position);
  if (position === undefined) throw new Error('the position of the attempt is not one of ours');
  return { attempt: { id: toUserId(names.id), position } };
}

function toUserId(id: string): UserId {
  const userId = parseUserId(id);
  if (userId === undefined) throw new Error('an id is not a user id');
  return userId;
}
