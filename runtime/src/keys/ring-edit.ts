import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KeyRingFile } from './key-ring.ts';

const KEY_BYTES = 32;

/** Suffix of a ring's file before it is moved into place, and of the replaced one. */
const DRAFT = '.draft';

/** Makes a ring of one key. */
export function createKeyRing(): KeyRingFile {
  const { id, key } = createKey(1);
  return { current: id, keys: { [id]: key } };
}

/** Adds a new key that is not yet current. */
export function addNextKey(ring: KeyRingFile): KeyRingFile {
  const newest = Math.max(0, ...Object.keys(ring.keys).map((id) => Number.parseInt(id, 10) || 0));
  const { id: next, key } = createKey(newest + 1);
  return { ...ring, next, keys: { ...ring.keys, [next]: key } };
}

/**
 * The id is a number with a random suffix, because two keys with the same id would be the worst
 * failure of a ring. So is that of a first key, which may be made where another ring was lost.
 */
function createKey(number: number): { readonly id: string; readonly key: string } {
  const id = `${number}-${randomBytes(4).toString('hex')}`;
  return { id, key: randomBytes(KEY_BYTES).toString('base64') };
}

/** Makes the next key the current one. */
export function makeNextCurrent({ next, ...ring }: KeyRingFile, now: Date): KeyRingFile {
  if (next === undefined) throw new RangeError('the ring has no next key');
  return { ...ring, current: next, since: { ...ring.since, [next]: now.toISOString() } };
}

/** Removes all keys except the current one, the next one, and those that `isKept` selects. */
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
 * Replaces a ring's file atomically and keeps its mode and owner. The first file is readable by its
 * owner only. Readers see either the old or the new file, also after a power cut.
 *
 * The bytes of the old file are overwritten before it is removed, even while its keys are still in
 * use: after their destruction nobody would know where those bytes are. This is best effort,
 * because copy-on-write file systems, SSDs and backups may keep the bytes.
 *
 * Only the holder of the ring's lock may call this, because it first clears what an interrupted
 * writer left beside the ring.
 */
export async function replaceKeyRing(path: string, ring: KeyRingFile): Promise<void> {
  // Opened before the move. Afterwards the name refers to the new file.
  await using old = await openIfThere(path);
  await clearDrafts(path, old);
  const kept = toDraftName(path);
  const draft = toDraftName(path);
  try {
    await writeDraft(draft, ring, await old?.stat());
    if (old !== undefined) {
      // If this process is killed after the move, only this name finds the old file again.
      await link(path, kept);
      await syncFolder(dirname(path));
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    // A second name of the ring itself.
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
 * Overwrites and removes what a killed writer left beside a ring. Only the holder of the ring's
 * lock may call this.
 */
export async function clearKeyRingDrafts(path: string): Promise<void> {
  await using ring = await openIfThere(path);
  await clearDrafts(path, ring);
}

/** Files that a killed writer left beside a ring contain keys, so they are overwritten too. */
async function clearDrafts(path: string, ring: FileHandle | undefined): Promise<void> {
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(DRAFT),
  );
  const idOfRing = ring && (await idOf(ring));
  for (const name of drafts) {
    await using draft = await open(join(folder, name), constants.O_WRONLY);
    // A writer that was killed before the move left a second name of the ring itself.
    if ((await idOf(draft)) !== idOfRing) await overwrite(draft);
    await rm(join(folder, name));
  }
}

/** Identifies a file independently of its names. */
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
