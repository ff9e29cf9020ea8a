import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNTS_STREAM, JETSTREAM_API } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  createReadLogServers,
  type EventLog,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from './command.ts';
import { LOG_SERVERS, type LogServer } from './log-servers.ts';

/** Looks for subjects that were deleted from the log and whose bytes a server's Raft log still has. */
export type ForgottenSubjects = AsyncDisposable & {
  /** Whether the store folder of a server of the log has any. */
  readonly lieIn: (folder: string) => Promise<boolean>;
  /** Makes another server lead, if this one does, and answers whether all are level with it. */
  readonly isFollower: (server: LogServer) => Promise<boolean>;
};

/** Milliseconds to ask the log which of the subjects it has. */
const DEADLINE_MS = 60_000;

const STEP_DOWN = `${JETSTREAM_API}.STREAM.LEADER.STEPDOWN.${ACCOUNTS_STREAM.name}`;

/**
 * Subjects of keys, claims and forget records, as they lie in front of their records; a claim's digest
 * has the name of a pepper before it, once that was rotated.
 */
const SUBJECT = /zameni\.(?:(?:key|forget)\.[0-9a-f-]{36}|claim\.(?:[\w-]{1,32}:)?[\w-]{43})/g;

/** Connects to the log of a stack as its admin. */
export async function openForgottenSubjects({ nats }: Stack): Promise<ForgottenSubjects> {
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
  return {
    isFollower: async (server) => {
      const { leader, silent, catchingUp } = await readServers(AbortSignal.timeout(DEADLINE_MS));
      if (leader !== server) return silent.length + catchingUp.length === 0;
      const preferred = LOG_SERVERS.find((name) => name !== server);
      await nc.request(STEP_DOWN, JSON.stringify({ placement: { preferred } }));
      return false;
    },
    lieIn: (folder) => hasForgotten(log, readSubjects(join(folder, 'jetstream', '$SYS'))),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}

async function hasForgotten(log: EventLog, subjects: readonly string[]): Promise<boolean> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const known = await log.readLast(subjects, signal);
  for (const subject of subjects) {
    // A replica may lag behind a registration of this moment; the leader knows.
    if (!known.has(subject) && !(await log.hasRecord(subject, signal))) return true;
  }
  return false;
}

/** The subjects in the files of the Raft groups; a file may be gone by the time it is read. */
function readSubjects(folder: string): readonly string[] {
  const found = new Set<string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readIfThere(join(entry.parentPath, entry.name));
    for (const subject of findSubjects(text)) found.add(subject);
  }
  return [...found];
}

/** The subjects that stand somewhere in the bytes of a file, read as Latin-1. */
export function findSubjects(text: string): readonly string[] {
  return [...text.matchAll(SUBJECT)].map(([subject]) => subject);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
