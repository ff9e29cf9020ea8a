import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNTS_STREAM, JETSTREAM_API, recordKind } from '@zameni/contracts';
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

/** Looks for what was deleted from the log and whose bytes a server's Raft log still has. */
export type ForgottenSubjects = AsyncDisposable & {
  /** Whether the store folder of a server of the log has any of what was deleted at the beginning. */
  readonly lieIn: (folder: string) => boolean;
  /** Makes another server lead, if this one does, and answers whether all are level with it. */
  readonly isFollower: (server: LogServer) => Promise<boolean>;
};

/** Milliseconds to ask the log which of the subjects it has. */
const DEADLINE_MS = 5 * 60 * 1_000;
const LANES = 64;

const STEP_DOWN = `${JETSTREAM_API}.STREAM.LEADER.STEPDOWN.${ACCOUNTS_STREAM.name}`;

/**
 * Subjects of keys, claims, deletion records and mail wishes, as they lie in front of their records; a
 * claim's digest has the name of a pepper before it, once that was rotated.
 */
const SUBJECT =
  /zameni\.(?:(?:key|deletion|mail-wish)\.[0-9a-f-]{36}|claim\.(?:[\w-]{1,32}:)?[\w-]{43})/g;

/**
 * Subjects of attempts in front of what they asked for. The record that closes an attempt lies under the
 * same subject, says nothing of anybody and stays, so the subject alone tells nothing. Between the two
 * stand the headers, which may name other subjects, but none of a record.
 */
const OPEN_ATTEMPT =
  /(zameni\.attempt\.[0-9a-f-]{36})(?:(?!zameni\.[a-z-]+\.)[^]){0,2048}?"state":"open"/g;

/**
 * Connects to the log of a stack as its admin, and finds what of these store folders was deleted. What is
 * deleted later is not looked for: in a log that is written to that would never end.
 */
export async function openForgottenSubjects(
  { nats }: Stack,
  folders: readonly string[],
): Promise<ForgottenSubjects> {
  const login = nats.users['admin'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user admin');
  const nc = await connectNats({
    servers: nats.servers,
    user: login.user,
    password: readSecret(login.passwordFile),
    name: 'zameni forget',
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
    lieIn: (folder) => readSubjects(folder).some((subject) => deleted.has(subject)),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}

/** Which of the subjects, each found in front of a record, do not have that record any more. */
async function findDeleted(log: EventLog, subjects: readonly string[]): Promise<Set<string>> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const known = await log.readLast(subjects, signal);
  const doubtful = subjects.filter((subject) => !isKept(subject, known.get(subject)));
  const deleted = new Set<string>();
  for (let start = 0; start < doubtful.length; start += LANES) {
    const asked = doubtful.slice(start, start + LANES);
    // A replica may lag behind a registration of this moment, and an attempt may be closed: the leader
    // knows, and tells the first record, which is the one that opened it.
    const firsts = await Promise.all(asked.map((subject) => log.readFirst(subject, signal)));
    for (const [index, subject] of asked.entries()) {
      if (!isKept(subject, firsts[index])) deleted.add(subject);
    }
  }
  return deleted;
}

/** Whether a record of a subject shows that the one that was found is still in the log. */
function isKept(subject: string, record: LogRecord | undefined): boolean {
  if (record === undefined) return false;
  if (recordKind(subject) !== 'attempt') return true;
  return Buffer.from(record.data).toString().includes('"state":"open"');
}

/** The subjects in the files of the Raft groups; a file may be gone by the time it is read. */
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

/** The subjects that stand in front of records in the bytes of a file, read as Latin-1. */
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
