import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findSetpriv, wrapCommand } from '../../deploy/local/host/launch.ts';

/** A small disk that only commands run with `on` can see. */
export type SmallDisk = Disposable & {
  readonly on: (command: readonly string[]) => readonly [string, ...string[]];
  /** Fills the free space of all folders, as another program would. */
  readonly fill: () => Promise<void>;
  /** Frees it again. */
  readonly free: () => Promise<void>;
};

const run = promisify(execFile);

/**
 * Mounts a disk in memory over each folder, in a mount namespace that ends with this process. It
 * leaves nothing behind and is invisible to others. Needs root. Undefined without it.
 */
export async function mountSmallDisk(
  folders: readonly string[],
  mebibytes: number,
): Promise<SmallDisk | undefined> {
  const mount = `for f in "$@"; do mount -t tmpfs -o size=${mebibytes}m tmpfs "$f" || exit; done`;
  const script = `${mount}; echo ready; exec sleep infinity > /dev/null`;
  const [program, ...args] = wrapCommand(['unshare', '-m', 'sh', '-c', script, 'sh', ...folders], {
    setpriv: findSetpriv(),
    deathSignal: 'KILL',
  });
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
  const holder = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const isReady = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    once(holder, 'exit').then(() => false),
    once(holder, 'error').then(() => false),
  ]);
  if (!isReady) return undefined;
  const on = (command: readonly string[]) =>
    ['nsenter', '-m', '-t', String(holder.pid), ...command] as const;
  const runOn = async (command: readonly string[]) => {
    const [program, ...args] = on(command);
    await run(program, args);
  };
  const ballast = folders.map((folder) => join(folder, 'ballast'));
  return {
    on,
    // Writing ends when the disk is full, which is intended.
    fill: async () => {
      await Promise.all(
        ballast.map((file) => runOn(['sh', '-c', 'cat /dev/zero > "$0" || true', file])),
      );
    },
    free: () => runOn(['rm', ...ballast]),
    [Symbol.dispose]: () => void holder.kill('SIGTERM'),
  };
}
