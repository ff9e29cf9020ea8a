import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { StackError } from '../output/stack-error.ts';

/** A lock that is held until it is disposed, or the reason why it was not taken. */
export type FileLock =
  | ({ readonly status: 'taken' } & AsyncDisposable)
  | { readonly status: 'held'; readonly pid: number }
  | { readonly status: 'contended' };

/**
 * Takes a lock for this process; disposing the result releases it. The lock of a dead process is
 * void. If two processes removed a void lock at once, one could remove the other's new lock. So
 * removing a void lock requires a second lock, held briefly. The worse failure is two processes
 * that both hold the lock.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const mine = `${process.pid} ${await birthOf(process.pid)}`;
  if (!(await create(path, mine))) {
    const pid = await livingHolder(path);
    if (pid !== null) return { status: 'held', pid };
    if (!(await replaceVoid(path, mine))) return { status: 'contended' };
  }
  return { status: 'taken', [Symbol.asyncDispose]: () => removeOwn(path, mine) };
}

/** Replaces a void lock. Returns false if another process did so or is about to. */
async function replaceVoid(path: string, mine: string): Promise<boolean> {
  const turn = `${path}.turn`;
  if (!(await create(turn, mine))) {
    if ((await livingHolder(turn)) !== null) return false;
    throw new StackError(
      `A process was interrupted while it took a lock. Remove its file: rm ${turn}`,
    );
  }
  try {
    if ((await livingHolder(path)) !== null) return false;
    await rm(path, { force: true });
    return await create(path, mine);
  } finally {
    await removeOwn(turn, mine);
  }
}

/** Creates a file that is never visible without its text. Returns false if it already exists. */
async function create(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'EEXIST') return false;
    throw fault;
  } finally {
    await rm(draft, { force: true });
  }
}

async function removeOwn(path: string, mine: string): Promise<void> {
  const holder = await readFile(path, 'utf8').catch(() => null);
  if (holder === mine) await rm(path, { force: true });
}

/**
 * Returns the living process that a lock belongs to, or null if the process or the lock is gone.
 */
export async function livingHolder(path: string): Promise<number | null> {
  const holder = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(holder.split(' ')[0]);
  const isBorn = holder !== '' && holder === `${pid} ${await birthOf(pid)}`;
  return isBorn && isAlive(pid) ? pid : null;
}

/** Returns when a process started, to distinguish it from a later process with the same number. */
async function birthOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command in brackets may contain spaces. Of the fields after it the 20th is the start.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    return fault instanceof Error && 'code' in fault && fault.code === 'EPERM';
  }
}
