import { chown } from 'node:fs/promises';
import { StackError } from '../output/stack-error.ts';
import { runCommand } from './command.ts';
import type { RunAs } from './launch.ts';

const USER = 'postgres';
const TIMEOUT_MS = 10_000;

/**
 * Postgres and PgBouncer refuse root, so root runs them as the user `postgres`. Any other user runs
 * them directly. The repository may lie in a folder closed to `postgres`, which is tried out here.
 */
export async function chooseDatabaseUser(folder: string): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all([numberOf('-u'), numberOf('-g')]);
  const runAs = { user: USER, uid, gid, passClosedFolders: false };
  const canEnter = await runCommand(['test', '-x', folder], { timeoutMs: TIMEOUT_MS, runAs });
  return { ...runAs, passClosedFolders: canEnter.code !== 0 };
}

/** Gives files to the user that runs a server. */
export async function handOver(paths: readonly string[], runAs: RunAs | undefined): Promise<void> {
  if (runAs === undefined) return;
  await Promise.all(paths.map((path) => chown(path, runAs.uid, runAs.gid)));
}

async function numberOf(option: '-u' | '-g'): Promise<number> {
  const { code, output } = await runCommand(['id', option, USER], { timeoutMs: TIMEOUT_MS });
  if (code === 0) return Number(output.trim());
  throw new StackError(
    `Postgres refuses root and there is no user ${USER} to run it as: start as another user.`,
  );
}
