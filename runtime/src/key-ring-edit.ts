import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KeyRingFile } from './secrets.ts';

const KEY_BYTES = 32;

/** How the name of a ring ends that is not yet in its place. */
const DRAFT = '.draft';

/**
 * Adds a new key that is not yet current. Its id counts on from the newest and ends by chance, because
 * two keys with one id would be the worst that can happen to a ring.
 */
export function addNextKey(ring: KeyRingFile): KeyRingFile {
  const newest = Math.max(0, ...Object.keys(ring.keys).map((id) => Number.parseInt(id, 10) || 0));
  const next = `${newest + 1}-${randomBytes(4).toString('hex')}`;
  const key = randomBytes(KEY_BYTES).toString('base64');
  return { ...ring, next, keys: { ...ring.keys, [next]: key } };
}

/** Makes the next key the current one. */
export function makeNextCurrent({ next, ...ring }: KeyRingFile, now: Date): KeyRingFile {
  if (next === undefined) throw new RangeError('the ring has no next key');
  return { ...ring, current: next, since: { ...ring.since, [next]: now.toISOString() } };
}

/** Keeps the current key, the next one, and those that `isKept` names. */
export function removeKeys(
  ring: KeyRingFile,
  isKept: (id: string) => boolean = () => false,
): KeyRingFile {
  const isLeft = ([id]: readonly [string, unknown]) =>
    id === ring.current || id === ring.next || isKept(id);
  const since = Object.entries(ring.since ?? {}).filter(isLeft);
  return {
    ...ring,
    ...(ring.since === undefined ? {} : { since: Object.fromEntries(since) }),
    keys: Object.fromEntries(Object.entries(ring.keys).filter(isLeft)),
  };
}

/**
 * Puts a ring in the place of another in one step, with the mode and owner of the other: whoever reads
 * sees the one or the other, also after a power cut. The bytes of the other are overwritten before they
 * are given up, also while its keys live on: once they are destroyed nobody knows where they lay. It is
 * the best that can be tried: a file system that copies on write, an SSD or a backup may keep them. Only
 * who holds the ring's lock may call it: drafts of one that was cut off are cleared as well.
 */
export async function replaceKeyRing(path: string, ring: KeyRingFile): Promise<void> {
  await clearDrafts(path);
  const draft = `${path}.${randomBytes(6).toString('hex')}${DRAFT}`;
  // Opened before the move: afterwards the name means the new file.
  await using old = await open(path, constants.O_WRONLY);
  const { mode, uid, gid } = await old.stat();
  try {
    await using file = await open(draft, 'wx', 0o600);
    await file.writeFile(`${JSON.stringify(ring)}\n`);
    await file.chmod(mode & 0o777);
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.sync();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  await overwrite(old);
}

/** A draft holds keys, too; one whose writer was killed would keep them for ever. */
async function clearDrafts(path: string): Promise<void> {
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(DRAFT),
  );
  for (const name of drafts) {
    await using draft = await open(join(folder, name), constants.O_WRONLY);
    await overwrite(draft);
    await rm(join(folder, name));
  }
}

async function overwrite(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  await file.write(Buffer.alloc(size), 0, size, 0);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY);
  await folder.sync();
}
