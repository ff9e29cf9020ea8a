import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { StackError } from '../output/stack-error.ts';
import { deleteTree } from './delete-tree.ts';
import { findSetpriv } from './launch.ts';

/** A number that no profile gives to anybody. */
const USER = 61_151;

/** Only root deletes as somebody else. */
const whenRoot = process.getuid?.() === 0 && findSetpriv() !== null ? test : test.skip;

/** A folder of root's with a folder of the user in it, which has files. */
function createFolders(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'zameni-delete-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const data = join(root, 'server', 'data');
  const deep = join(data, 'deep');
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(root, 'server', 'its.conf'), '');
  writeFileSync(join(deep, 'file'), '');
  return { root, data, deep };
}

function give(...paths: readonly string[]): void {
  for (const path of paths) chownSync(path, USER, USER);
}

test('a folder is deleted with everything in it, and one that is not there is no fault', async (t) => {
  const { root, deep } = createFolders(t);
  const outside = join(root, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), '');
  symlinkSync(outside, join(deep, 'link'));
  await deleteTree(join(root, 'server'));
  t.false(existsSync(join(root, 'server')));
  t.true(existsSync(join(outside, 'file')));
  await t.notThrowsAsync(deleteTree(join(root, 'server')));
});

whenRoot('what belongs to a user is deleted as that user, also if it was closed', async (t) => {
  const { root, data, deep } = createFolders(t);
  give(data, deep, join(deep, 'file'));
  // The user cannot pass here, as where a stack was moved into a closed folder.
  chmodSync(root, 0o700);
  chmodSync(deep, 0o000);
  await deleteTree(join(root, 'server'));
  t.false(existsSync(join(root, 'server')));
});

whenRoot('root deletes nothing that the owner of a folder could not', async (t) => {
  const { root, data, deep } = createFolders(t);
  // As if the user had put a folder of root's in the place of its own while it was deleted.
  give(data);
  const fault = await t.throwsAsync(deleteTree(join(root, 'server')), { instanceOf: StackError });
  t.true(fault?.message.includes(data));
  t.regex(fault?.message ?? '', /rm -rf/);
  t.true(existsSync(join(deep, 'file')));
});
