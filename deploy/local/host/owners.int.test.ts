import { lstat, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createOwnedFolder, letRead, writeFor, writeOwned } from './owners.ts';

const user = { uid: 60_999, gid: 60_999, groups: [], passClosedFolders: false };
/** Only root gives files away. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-owners-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function ownerOf(path: string): Promise<string> {
  const { uid, gid, mode } = await lstat(path);
  return `${uid}:${gid} ${(mode & 0o777).toString(8)}`;
}

asRoot('a folder of another user is adopted with its files, and no link is followed', async (t) => {
  const folder = await createFolder(t);
  const outside = join(folder, 'outside');
  const own = join(folder, 'own');
  await mkdir(outside);
  await mkdir(join(own, 'deep'), { recursive: true, mode: 0o700 });
  for (const path of [join(outside, 'file'), join(own, 'deep', 'file')]) await writeFile(path, '');
  await symlink(outside, join(own, 'link'));
  await createOwnedFolder(user, own);
  for (const name of ['', 'deep', 'deep/file', 'link']) {
    t.regex(await ownerOf(join(own, name)), /^60999:60999 /, name);
  }
  for (const name of ['', 'file']) t.regex(await ownerOf(join(outside, name)), /^0:0 /, name);
  await createOwnedFolder(undefined, own);
  t.regex(await ownerOf(join(own, 'deep', 'file')), /^0:0 /, 'and back');
});

asRoot(
  'a file for one reader stays root’s, and one that must be owned is nobody else’s',
  async (t) => {
    const folder = await createFolder(t);
    const file = join(folder, 'file');
    await writeFor(user, file, 'read');
    t.is(await ownerOf(file), '0:60999 640');
    await letRead(file, undefined);
    t.is(await ownerOf(file), '0:0 600');
    await writeOwned(user, file, 'owned');
    t.is(await ownerOf(file), '60999:60999 600');
    await writeFor(undefined, file, 'alone');
    t.is(await ownerOf(file), '0:0 600');
  },
);

test('without root nothing changes its owner, and nobody else reads', async (t) => {
  const file = join(await createFolder(t), 'file');
  await writeFor(undefined, file, 'text');
  const { uid, mode } = await stat(file);
  t.is(uid, process.getuid?.() ?? -1);
  t.is(mode & 0o777, 0o600);
});
