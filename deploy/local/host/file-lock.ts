import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { StackError } from '../output/stack-error.ts';

/** A lock that is ours until it is disposed, or why it is not: held, or about to be. */
export type FileLock =
  | ({ readonly status: 'taken' } & AsyncDisposable)
  | { readonly status: 'held'; readonly pid: number }
  | { readonly status: 'contended' };

/**
 * Takes a lock of one process; disposing gives it back. A lock of a dead process is void, but
 * two may see that at once and one would remove what the other put in its place. So only who holds
 * a second lock, for a moment, removes a void one; the worse failure is two that both hold it.
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

/** Puts a lock in the place of a void one; false when someone else did or is about to. */
async function replaceVoid(path: string, mine: string): Promise<boolean> {
  const turn = `${path}.turn`;
  if (!(await create(turn, mine))) {
    if ((await livingHolder(turn)) !== null) return false;
    throw new StackError(`A lock was cut off at a bad moment. Remove what it left: rm ${turn}`);
  }
  try {
    if ((await livingHolder(path)) !== null) return false;
    await rm(path, { force: true });
    return await create(path, mine);
  } finally {
    await removeOwn(turn, mine);
  }
}

/** Makes a file that nobody ever sees without its text; false when there is one already. */
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

/** The process a lock belongs to; null when it is gone, or the lock is. */
export async function livingHolder(path: string): Promise<number | null> {
  const holder = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(holder.split(' ')[0]);
  const isBorn = holder !== '' && holder === `${pid} ${await birthOf(pid)}`;
  return isBorn && isAlive(pid) ? pid : null;
}

/** When a process began, so that a number used again for another process is not taken for it. */
async function birthOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The fields after the command, which is in brackets and may hold spaces; the 20th is the start.
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
