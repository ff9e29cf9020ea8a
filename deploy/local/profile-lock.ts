import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from './stack-error.ts';

/** Takes a folder for one supervisor; disposing gives it back. A lock of a dead process is void. */
export async function lockFolder(folder: string, name: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'supervisor.lock');
  const mine = `${process.pid} ${await birthOf(process.pid)}`;
  if (!(await create(path, mine))) {
    const holder = await readFile(path, 'utf8').catch(() => '');
    const pid = Number(holder.split(' ')[0]);
    if (holder !== '' && holder === `${pid} ${await birthOf(pid)}` && isAlive(pid)) {
      throw new StackError(
        `A stack of the profile ${name} is running already (pid ${pid}). Stop it with: kill ${pid}`,
      );
    }
    await rm(path, { force: true });
    if (!(await create(path, mine))) {
      throw new StackError(`Another start of the profile ${name} is just ahead of this one.`);
    }
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

async function create(path: string, text: string): Promise<boolean> {
  return writeFile(path, text, { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (fault: unknown) => {
      if (fault instanceof Error && 'code' in fault && fault.code === 'EEXIST') return false;
      throw fault;
    },
  );
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
