import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrFail } from '../host/command.ts';
import { type CommandLine, findOnPath } from '../host/launch.ts';
import { StackError } from '../output/stack-error.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const TIMEOUT_MS = 120_000;

/** Returns the folder of the unpacked program below the folder of Zameni's own servers. */
export function natsFolder(serversFolder: string): string {
  return join(serversFolder, 'nats-server', 'usr', 'sbin');
}

/** Returns why nats-server cannot be fetched from Debian here, or null if it can. */
export function natsObstacle(): string | null {
  const lacking = ['apt-get', 'dpkg'].find((program) => findOnPath(program) === null);
  if (lacking !== undefined) return 'this is not a Debian system';
  return existsSync(KEYRING) ? null : 'the Debian archive keyring is not installed';
}

/**
 * Fetches nats-server from Debian testing, because the stable version is too old for guarded
 * batches. apt uses its own lists and cache and checks signatures as usual. The system's sources
 * and packages do not change, so this needs no root.
 */
export async function installNats(serversFolder: string, signal?: AbortSignal): Promise<void> {
  await mkdir(serversFolder, { recursive: true });
  await using draft = await temporaryFolder(join(serversFolder, 'draft-'));
  const run: Run = (args) => runOrFail(args, { timeoutMs: TIMEOUT_MS, cwd: draft.path, signal });
  const state = await privateState(draft.path);
  const mirror = await findMirror(run, state);
  const options = [...state, ...(await testingOnly(draft.path, mirror))];
  await run(['apt-get', ...options, 'update', '-q']);
  await run(['apt-get', ...options, 'download', '-q', 'nats-server']);
  const unpacked = join(draft.path, 'unpacked');
  await run(['sh', '-c', 'dpkg -x nats-server_*.deb unpacked']);
  const target = join(serversFolder, 'nats-server');
  await rm(target, { recursive: true, force: true });
  await rename(unpacked, target);
}

/** Picks Debian's own mirror from the lines of `apt-get indextargets`. */
export function pickMirror(lines: string): string | null {
  const line = lines.split('\n').find((text) => text.startsWith('Debian|'));
  return line === undefined ? null : line.slice('Debian|'.length).trim();
}

type Run = (command: CommandLine) => Promise<string>;

/** A source has a label only after its list was read. Without any list, reads a private copy. */
async function findMirror(run: Run, state: readonly string[]): Promise<string> {
  const query = ['indextargets', '--format', '$(LABEL)|$(REPO_URI)'];
  const known = pickMirror(await run(['apt-get', ...query]));
  if (known !== null) return known;
  await run(['apt-get', ...state, 'update', '-q']);
  const fetched = pickMirror(await run(['apt-get', ...state, ...query]));
  if (fetched === null) throw new StackError('nats-server: apt knows no Debian mirror.');
  return fetched;
}

async function privateState(folder: string): Promise<string[]> {
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  return asOptions([
    `Dir::State=${state}`,
    `Dir::State::lists=${join(state, 'lists')}`,
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ]);
}

async function testingOnly(folder: string, mirror: string): Promise<string[]> {
  const sources = join(folder, 'sources.list');
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${mirror} testing main\n`);
  return asOptions([
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
  ]);
}

function asOptions(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['-o', setting]);
}

async function temporaryFolder(
  prefix: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(prefix);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
