import { readdir, readFile, readlink } from 'node:fs/promises';
import { runCommand } from './command.ts';

const LISTENING = '0A';
const LSOF_TIMEOUT_MS = 5_000;

/** Describes the process that listens on a port, as far as this system and user can know. */
export async function describeHolder(port: number): Promise<string> {
  return (process.platform === 'linux' ? fromProc(port) : fromLsof(port)).catch(
    () => 'an unknown process',
  );
}

/** Finds the socket inodes that listen on a port in the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[1]?.split(':')[1] === wanted && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? []);
}

/** Reads `lsof -F pc`: one line with the pid, one with the command. */
export function readLsof(output: string): string | null {
  const pid = /^p(\d+)$/m.exec(output)?.[1];
  const command = /^c(.+)$/m.exec(output)?.[1];
  return pid === undefined ? null : `pid ${pid} (${command ?? 'unknown command'})`;
}

async function fromProc(port: number): Promise<string> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const sockets = new Set(
    tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`),
  );
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holds(pid, sockets)) return `pid ${pid} (${await commandOf(pid)})`;
  }
  return 'a process of another user';
}

async function holds(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  // The process has ended or belongs to another user, so it is not the holder.
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  );
  return targets.some((target) => sockets.has(target));
}

async function commandOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = text.replaceAll('\0', ' ').trim();
  return command === '' ? 'unknown command' : command.slice(0, 120);
}

async function fromLsof(port: number): Promise<string> {
  const { output } = await runCommand(['lsof', '-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    timeoutMs: LSOF_TIMEOUT_MS,
  });
  return readLsof(output) ?? 'a process of another user';
}
