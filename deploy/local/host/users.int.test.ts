import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findSetpriv } from './launch.ts';
import { chooseUsers, isGroupOfFile, KINDS, ONE_USER } from './users.ts';

/** Without both, all processes have one user. */
const asRoot = process.getuid?.() === 0 && findSetpriv() !== null ? test : test.skip;

async function createFolder(t: ExecutionContext, mode: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-users-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'source.ts'), '', { mode: 0o644 });
  await chmod(folder, mode);
  return folder;
}

asRoot('root gives each kind of process of each profile a user of its own', async (t) => {
  const folder = await createFolder(t, 0o755);
  const reached = { source: join(folder, 'source.ts'), programs: [folder] };
  const profiles = await Promise.all([chooseUsers('local', reached), chooseUsers('test', reached)]);
  t.deepEqual(
    profiles.map(({ areApart, fault }) => ({ areApart, fault })),
    [
      { areApart: true, fault: null },
      { areApart: true, fault: null },
    ],
  );
  const ids = profiles.flatMap((users) => KINDS.map((kind) => users.of(kind)?.uid ?? 0));
  t.is(new Set(ids).size, 2 * KINDS.length);
  const group = profiles[0]?.groupOf(0) ?? 0;
  t.true(isGroupOfFile(group) && !ids.includes(group));
  t.false([0, ...ids].some(isGroupOfFile));
});

asRoot('a folder that is closed to other users keeps all together, and is named', async (t) => {
  const folder = await createFolder(t, 0o700);
  const users = await chooseUsers('test', { source: join(folder, 'source.ts'), programs: [] });
  t.false(users.areApart);
  t.is(users.fault, `${join(folder, 'source.ts')} is closed to other users`);
  t.is(users.of('projector'), undefined);
  t.is(users.of('postgres')?.passClosedFolders, true);
});

test('without root all processes have the user that started them', (t) => {
  t.true(KINDS.every((kind) => ONE_USER.of(kind) === undefined));
  t.is(ONE_USER.fault, null);
  t.is(ONE_USER.groupOf(0), undefined);
});
