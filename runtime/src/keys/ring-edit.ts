import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KeyRingFile } from './key-ring.ts';

const KEY_BYTES = 32;

/** How the name of a ring ends that is not yet in its place, or no longer. */
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
 * Puts a ring in its place in one step, with the mode and owner of the one that was there; the first is
 * readable by its owner only. Whoever reads sees the one or the other, also after a power cut. The bytes
 * of the other are overwritten before they are given up, also while its keys live on: once they are
 * destroyed nobody knows where they lay. It is the best that can be tried: a file system that copies on
 * write, an SSD or a backup may keep them. Only who holds the ring's lock may call it: what one that was
 * cut off left beside the ring is cleared first.
 */
export async function replaceKeyRing(path: string, ring: KeyRingFile): Promise<void> {
  // Opened before the move: afterwards the name means the new file.
  await using old = await openIfThere(path);
  await clearDrafts(path, old);
  const kept = toDraftName(path);
  const draft = toDraftName(path);
  try {
    await writeDraft(draft, ring, await old?.stat());
    if (old !== undefined) {
      // Without a name it could not be found again if this process were killed behind the move.
      await link(path, kept);
      await syncFolder(dirname(path));
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    // Still the ring itself, by another name.
    await rm(kept, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  if (old === undefined) return;
  await overwrite(old);
  await rm(kept);
}

function toDraftName(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${DRAFT}`;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_WRONLY);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDraft(draft: string, ring: KeyRingFile, old: Stats | undefined): Promise<void> {
  await using file = await open(draft, 'wx', 0o600);
  await file.writeFile(`${JSON.stringify(ring)}\n`);
  if (old !== undefined) {
    await file.chmod(old.mode & 0o777);
    const own = await file.stat();
    if (own.uid !== old.uid || own.gid !== old.gid) await file.chown(old.uid, old.gid);
  }
  await file.sync();
}

/**
 * Overwrites and removes what a killed writer left beside a ring. Only who holds the ring's lock may
 * call it.
 */
export async function clearKeyRingDrafts(path: string): Promise<void> {
  await using ring = await openIfThere(path);
  await clearDrafts(path, ring);
}

/** What is left beside a ring holds keys, too, and its writer, which was killed, clears it no more. */
async function clearDrafts(path: string, ring: FileHandle | undefined): Promise<void> {
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(DRAFT),
  );
  const idOfRing = ring && (await idOf(ring));
  for (const name of drafts) {
    await using draft = await open(join(folder, name), constants.O_WRONLY);
    // Killed before the move, it left the ring itself by another name.
    if ((await idOf(draft)) !== idOfRing) await overwrite(draft);
    await rm(join(folder, name));
  }
}

/** Tells files apart, whatever their names. */
async function idOf(file: FileHandle): Promise<string> {
  const { dev, ino } = await file.stat({ bigint: true });
  return `${dev} ${ino}`;
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
