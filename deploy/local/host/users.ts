import { StackError } from '../output/stack-error.ts';
import type { Profile } from '../profile/names.ts';
import { runCommand } from './command.ts';
import { findSetpriv, type RunAs } from './launch.ts';

/** The kinds of process that have a user of their own. The processes of a kind share it. */
export const KINDS = [
  'nats',
  'postgres',
  'pgbouncer',
  'redis',
  'redis-counters',
  'inbox',
  'gateway',
  'command-api',
  'projector',
  'query-api',
  'mailer',
  'trace-receiver',
  'jaeger',
  'exporter',
  'postgres-exporter',
  'redis-exporter',
  'prometheus',
] as const;

/** The name of a kind of process. */
export type Kind = (typeof KINDS)[number];

/** Who runs the processes of a stack. */
export type Users = {
  /** True if each kind of process has a user of its own. */
  readonly areApart: boolean;
  /** Why root could not give them users of their own, for people. Null if it could, or is not root. */
  readonly fault: string | null;
  /** Returns the user of a kind; undefined if that is the user of this process. */
  readonly of: (kind: Kind) => RunAs | undefined;
  /** The user that creates the data of Postgres, whose `initdb` asks for a name. */
  readonly initdb: RunAs | undefined;
  /** Returns the group of a shared file by its number; undefined if files are not shared. */
  readonly groupOf: (file: number) => number | undefined;
};

/** What the users must be able to reach: a source file, and programs or folders. */
export type Reached = { readonly source: string; readonly programs: readonly string[] };

const POSTGRES = 'postgres';
const TIMEOUT_MS = 10_000;

/**
 * Numbers without a name, which neither Debian nor systemd gives to anybody, and which also exist
 * in a container that has only 65,536. Each profile has a hundred: kinds, then groups of files.
 */
const FIRST = { local: 60_800, test: 60_900, bench: 61_000 } as const satisfies Record<
  Profile,
  number
>;
const PER_PROFILE = 100;
const FIRST_GROUP = 50;

/** Whether a group is one of those that this module gives to files. */
export function isGroupOfFile(gid: number): boolean {
  return Object.values(FIRST).some(
    (first) => gid >= first + FIRST_GROUP && gid < first + PER_PROFILE,
  );
}

/**
 * Chooses who runs what. Root gives each kind a user of its own if those can reach the programs.
 * Otherwise all run as this user, except that Postgres and PgBouncer refuse root: root runs them as
 * the user `postgres`, who may need to read in closed folders.
 */
export async function chooseUsers(profile: Profile, reached: Reached): Promise<Users> {
  if (process.getuid?.() !== 0) return ONE_USER;
  const [uid, gid] = await Promise.all([numberOf('-u'), numberOf('-g')]);
  const postgres = { uid, gid, groups: [], passClosedFolders: false };
  const fault = await findFault(profile, reached);
  if (fault === null) return apart(FIRST[profile], postgres);
  const canEnter = (await whatIsClosed(postgres, reached)) === null;
  return together(fault, { ...postgres, passClosedFolders: !canEnter });
}

function apart(first: number, postgres: RunAs): Users {
  const of = (kind: Kind) => {
    const id = first + KINDS.indexOf(kind);
    return { uid: id, gid: id, groups: [], passClosedFolders: false };
  };
  return {
    areApart: true,
    fault: null,
    of,
    // It reads its password in the folder of the server.
    initdb: { ...postgres, groups: [of('postgres').gid] },
    groupOf: (file) => {
      if (file >= PER_PROFILE - FIRST_GROUP) throw new RangeError(`no group for file ${file}`);
      return first + FIRST_GROUP + file;
    },
  };
}

/** All run as the user of this process. */
export const ONE_USER: Users = together(null, undefined);

function together(fault: string | null, postgres: RunAs | undefined): Users {
  const refusesRoot: readonly Kind[] = ['postgres', 'pgbouncer'];
  return {
    areApart: false,
    fault,
    of: (kind) => (refusesRoot.includes(kind) ? postgres : undefined),
    initdb: postgres,
    groupOf: () => undefined,
  };
}

/** Returns why the users of a profile cannot be used, or null. */
async function findFault(profile: Profile, reached: Reached): Promise<string | null> {
  if (findSetpriv() === null) return 'there is no setpriv';
  const first = FIRST[profile];
  const numbers = Array.from({ length: PER_PROFILE }, (_, index) => String(first + index));
  for (const database of ['passwd', 'group']) {
    const { output } = await runCommand(['getent', database, ...numbers], {
      timeoutMs: TIMEOUT_MS,
    });
    const name = /^([^:\s]+):[^:]*:\d+:/m.exec(output)?.[1];
    if (name !== undefined) return `${name} of ${database} has one of the numbers from ${first}`;
  }
  const id = first + PER_PROFILE - 1;
  return whatIsClosed({ uid: id, gid: id, groups: [], passClosedFolders: false }, reached);
}

/** Returns what a user cannot reach, in words, or null. */
async function whatIsClosed(runAs: RunAs, { source, programs }: Reached): Promise<string | null> {
  const script = `[ -r "$1" ] || { echo "$1 is closed to other users"; exit 1; }; shift
for path do [ -x "$path" ] || { echo "$path is closed to other users"; exit 1; }; done`;
  const { code, output } = await runCommand(['/bin/sh', '-c', script, 'sh', source, ...programs], {
    timeoutMs: TIMEOUT_MS,
    runAs,
  });
  return code === 0 ? null : output.trim();
}

async function numberOf(option: '-u' | '-g'): Promise<number> {
  const { code, output } = await runCommand(['id', option, POSTGRES], { timeoutMs: TIMEOUT_MS });
  if (code === 0) return Number(output.trim());
  throw new StackError(
    `Postgres refuses root and there is no user ${POSTGRES} to run it as: start as another user.`,
  );
}
