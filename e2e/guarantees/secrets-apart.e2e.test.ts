import { execFile } from 'node:child_process';
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { readTestStack, type Stack } from '@zameni/runtime/testing';
import test from 'ava';

const stack = await readTestStack();
const { root, secrets } = stack.folders;

/** What each kind of process reads of the secrets. Every other kind reads none. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  'command-api': [
    'attempt-keys.json',
    'jwks.json',
    'kek.json',
    'nats-command-api.password',
    'pepper.json',
    'position-key.json',
    'postgres-command.password',
    'redis-command-api.password',
    'registration-id-key.json',
    'verification-key.json',
  ],
  projector: [
    'jwks.json',
    'kek.json',
    'nats-auditor.password',
    'nats-eraser.password',
    'nats-monitor.password',
    'nats-projector.password',
    'pepper.json',
    'postgres-projector.password',
    'redis-projector.password',
  ],
  'query-api': [
    'jwks.json',
    'nats-query-api.password',
    'position-key.json',
    'postgres-query.password',
    'redis-query-api.password',
    'registration-id-key.json',
  ],
  mailer: [
    'attempt-keys.json',
    'jwks.json',
    'kek.json',
    'nats-mailer.password',
    'pepper.json',
    'position-key.json',
    'postgres-mailer.password',
    'verification-key.json',
  ],
  exporter: ['nats-monitor.password', 'pgbouncer-stats.password'],
};

/** The operator's own program: it makes and destroys keys, as the command line does. */
const OPERATORS = 'key-keeper';

/** The public keys and where they lie. */
const PUBLIC = 'issuers.json';

/** Folders, and parts of another name that they belong to. */
const OWNERS: Readonly<Record<string, string>> = {
  telemetry: 'trace-receiver',
  'postgres-exporter': 'primary-exporter',
};

/** A process of the stack as the kernel sees it. */
type Seen = {
  readonly name: string;
  readonly kind: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};

const PROCESSES = Object.entries(stack.pids).map(([name, pid]): Seen => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const numbers = (field: string) =>
    new RegExp(`^${field}:([\\d\\s]*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/).map(Number) ??
    [];
  const [uid = 0] = numbers('Uid');
  const [gid = 0] = numbers('Gid');
  return { name, kind: kindOf(name), pid, uid, gid, groups: numbers('Groups').filter(Number) };
});

const WATCHED = PROCESSES.filter(({ name }) => name !== OPERATORS);

/** Why users of the machine cannot be apart here; null if they can. */
const reason = whyTogether(stack);
const whenApart = reason === null ? test : test.skip;
if (reason !== null) console.log(`secrets-apart: skipped, ${reason}`);

whenApart('each kind of process has a user of its own, and none is root', (t) => {
  const owners = new Map<number, Set<string>>();
  for (const { name, kind, uid, gid } of WATCHED) {
    t.true(uid > 0 && gid > 0, `${name} runs as ${uid}:${gid}`);
    owners.set(uid, (owners.get(uid) ?? new Set()).add(kind));
  }
  const shared = [...owners.values()].filter((kinds) => kinds.size > 1);
  t.deepEqual(shared, []);
});

for (const seen of WATCHED) {
  whenApart(`${seen.name} reads the secrets of its list and nothing of another`, async (t) => {
    const files = filesUnder(root);
    const environs = PROCESSES.map(({ pid }) => `/proc/${pid}/environ`);
    const { read, written } = await openedBy(seen, [...files, ...environs, ...caches()]);
    const opened = read.filter((path) => dirname(path) === secrets).map((path) => basename(path));
    t.deepEqual(opened.toSorted(), [...(SECRETS[seen.kind] ?? [])]);
    t.deepEqual(
      read.filter((path) => !mayRead(seen, path)),
      [],
    );
    t.deepEqual(
      written.filter((path) => !mayWrite(seen, path)),
      [],
    );
    t.true(read.includes(`/proc/${seen.pid}/environ`), 'the check opens files as this process');
  });
}

/** Processes of one kind have the same rights. */
function kindOf(name: string): string {
  if (name === 'replica-exporter') return 'primary-exporter';
  if (name === 'counters-exporter') return 'redis-exporter';
  return name.replace(/-(?:\d+|primary|replica)$/, '');
}

function mayRead(seen: Seen, path: string): boolean {
  if (path === join(root, PUBLIC)) return (SECRETS[seen.kind] ?? []).includes('jwks.json');
  if (dirname(path) === secrets) return (SECRETS[seen.kind] ?? []).includes(basename(path));
  return isOwn(seen, path);
}

/** Of its own folder a process may write what it stores, but not what it is configured with. */
function mayWrite(seen: Seen, path: string): boolean {
  const inFolder = relative(root, path).split(sep);
  return isOwn(seen, path) && !(inFolder.length === 2 && /\.(?:conf|ini|cfg|yaml|txt)$/.test(path));
}

function isOwn(seen: Seen, path: string): boolean {
  const pid = /^\/proc\/(\d+)\//.exec(path)?.[1];
  if (pid !== undefined)
    return sameKind(
      seen,
      PROCESSES.find((one) => one.pid === Number(pid)),
    );
  if (caches().includes(path)) return cacheOf(seen) === path;
  const [folder = '', file = ''] = relative(root, path).split(sep);
  if (folder !== 'logs') return kindOf(OWNERS[folder] ?? folder) === seen.kind;
  const name = /^(.+)\.security\.log$/.exec(file)?.[1];
  return name !== undefined && kindOf(name) === seen.kind;
}

function sameKind(seen: Seen, other: Seen | undefined): boolean {
  return seen.kind === other?.kind;
}

/** The folders in which Node keeps what it made of sources: who writes there runs code. */
function caches(): string[] {
  return WATCHED.flatMap((seen) => cacheOf(seen) ?? []);
}

function cacheOf({ pid }: Seen): string | undefined {
  const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return environ.find((one) => one.startsWith('NODE_COMPILE_CACHE='))?.split('=')[1];
}

/** Opens files with the user and the groups of a process. */
async function openedBy({ uid, gid, groups }: Seen, paths: readonly string[]) {
  const list = groups.length === 0 ? ['--clear-groups'] : [`--groups=${groups.join(',')}`];
  const script = `while read -r path; do
    if true < "$path"; then echo "r $path"; fi
    if [ -w "$path" ]; then echo "w $path"; fi
  done 2>/dev/null`;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    'setpriv',
    [`--reuid=${uid}`, `--regid=${gid}`, ...list, '--', '/bin/sh', '-c', script],
    { maxBuffer: 64 * 1024 * 1024 },
    (error, stdout) => (error ? reject(error) : resolve(stdout)),
  );
  child.stdin?.end(`${paths.join('\n')}\n`);
  const lines = (await promise).split('\n');
  const withMark = (mark: string) =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
  return { read: withMark('r '), written: withMark('w ') };
}

/** A folder, and the files and folders in it. What ends meanwhile, such as a consumer's, is left out. */
function filesUnder(folder: string): string[] {
  const inIt = entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
  return [folder, ...inIt];
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function whyTogether({ supervisorPid }: Stack): string | null {
  const status = readFileSync(`/proc/${supervisorPid}/status`, 'utf8');
  if (!/^Uid:\s+0\s/m.test(status)) return 'no root started the stack';
  for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(dirname(folder)).mode & 0o001) === 0) return `${dirname(folder)} is closed`;
  }
  return null;
}
