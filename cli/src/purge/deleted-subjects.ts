import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNTS_STREAM, decodeText, JETSTREAM_API, recordKind } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  createReadLogServers,
  type EventLog,
  type LogRecord,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';
import { LOG_SERVERS, type LogServer } from './log-servers.ts';

/** Finds records that are deleted from the log but still in a server's Raft log. */
export type DeletedSubjects = AsyncDisposable & {
  /** Whether a server's store folder has records that were deleted when this was opened. */
  readonly areIn: (folder: string) => boolean;
  /**
   * If the server leads, moves the leadership to another one and returns false. Otherwise returns
   * whether all servers have caught up.
   */
  readonly isFollower: (server: LogServer) => Promise<boolean>;
};

/** Milliseconds to check the subjects in the log. */
const DEADLINE_MS = 5 * 60 * 1_000;
const LANES = 64;

const STEP_DOWN = `${JETSTREAM_API}.STREAM.LEADER.STEPDOWN.${ACCOUNTS_STREAM.name}`;

/**
 * Subjects of keys, claims, deletion records, mail wishes and farewells, as they precede their
 * records in a file. After a rotation of the pepper its name precedes the digest of a claim.
 */
const SUBJECT =
  /zameni\.(?:(?:key|deletion|mail-wish|farewell)\.[0-9a-f-]{36}|claim\.(?:[\w-]{1,32}:)?[\w-]{43})/g;

/**
 * Subjects of attempts, followed by an open record. The subject alone is not enough, because the
 * closing record has the same subject, holds no personal data and stays. Headers lie in between.
 * They may name subject filters, but no subject of a record.
 */
const OPEN_ATTEMPT =
  /(zameni\.attempt\.[0-9a-f-]{36})(?:(?!zameni\.[a-z-]+\.)[^]){0,2048}?"state":"open"/g;

/**
 * Connects to the log of a stack as its admin and finds the deleted records in these store folders.
 * It ignores later deletions, because in a log in use the search would never end.
 */
export async function openDeletedSubjects(
  { nats }: Stack,
  folders: readonly string[],
): Promise<DeletedSubjects> {
  const login = nats.users['admin'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user admin');
  const nc = await connectNats({
    servers: nats.servers,
    user: login.user,
    password: readSecret(login.passwordFile),
    name: 'zameni purge',
  });
  const options = { stream: ACCOUNTS_STREAM.name, user: login.user };
  const log = await createJetStreamLog(nc, options);
  const readServers = createReadLogServers(nc, options);
  const written = new Set(folders.flatMap(readSubjects));
  const deleted = await findDeleted(log, [...written]);
  return {
    isFollower: async (server) => {
      const { leader, silent, catchingUp } = await readServers(AbortSignal.timeout(DEADLINE_MS));
      if (leader !== server) return silent.length + catchingUp.length === 0;
      const preferred = LOG_SERVERS.find((name) => name !== server);
      await nc.request(STEP_DOWN, JSON.stringify({ placement: { preferred } }));
      return false;
    },
    areIn: (folder) => readSubjects(folder).some((subject) => deleted.has(subject)),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}

/** Returns the subjects whose record, found in a file, is no longer in the log. */
async function findDeleted(log: EventLog, subjects: readonly string[]): Promise<Set<string>> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const known = await log.readLast(subjects, signal);
  const doubtful = subjects.filter((subject) => !isKept(subject, known.get(subject)));
  const deleted = new Set<string>();
  for (let start = 0; start < doubtful.length; start += LANES) {
    const asked = doubtful.slice(start, start + LANES);
    // A replica may lag behind a new registration, and an attempt may be closed. The leader is
    // current, and the first record of an attempt is the one that opened it.
    const firsts = await Promise.all(asked.map((subject) => log.readFirst(subject, signal)));
    for (const [index, subject] of asked.entries()) {
      if (!isKept(subject, firsts[index])) deleted.add(subject);
    }
  }
  return deleted;
}

/** Whether the log's record of a subject shows that the record in the file is still in the log. */
function isKept(subject: string, record: LogRecord | undefined): boolean {
  if (record === undefined) return false;
  if (recordKind(subject) !== 'attempt') return true;
  return decodeText(record.data).includes('"state":"open"');
}

/** Finds the subjects in the files of the Raft groups. A file may disappear before it is read. */
function readSubjects(folder: string): readonly string[] {
  const found = new Set<string>();
  const groups = join(folder, 'jetstream', '$SYS');
  for (const entry of readdirSync(groups, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readIfThere(join(entry.parentPath, entry.name));
    for (const subject of findSubjects(text)) found.add(subject);
  }
  return [...found];
}

/** Finds the subjects that precede records in the bytes of a file, read as Latin-1. */
export function findSubjects(text: string): readonly string[] {
  const attempts = [...text.matchAll(OPEN_ATTEMPT)].map(([, subject = '']) => subject);
  return [...[...text.matchAll(SUBJECT)].map(([subject]) => subject), ...attempts];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
