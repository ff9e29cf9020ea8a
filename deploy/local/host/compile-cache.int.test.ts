import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { compileCacheEnvironment, createCompileCaches } from './compile-cache.ts';
import { findSetpriv } from './launch.ts';
import { KINDS } from './users.ts';

/** The first of numbers that no profile gives to anybody. */
const FIRST = 61_110;

const whenRoot = process.getuid?.() === 0 && findSetpriv() !== null ? test : test.skip;

whenRoot('a start keeps nothing that a service wrote into its compile cache', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-cache-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  process.env['NODE_COMPILE_CACHE'] = folder;
  const users = {
    of: (kind: (typeof KINDS)[number]) => {
      const id = FIRST + KINDS.indexOf(kind);
      return { uid: id, gid: id, groups: [], passClosedFolders: false };
    },
  };
  const { NODE_COMPILE_CACHE: own = '' } = compileCacheEnvironment(users.of('mailer'));
  const entry = join(own, 'v24', 'entry');
  mkdirSync(join(own, 'v24'), { recursive: true });
  writeFileSync(entry, 'what the service wrote');
  writeFileSync(join(folder, 'kept'), 'of whom the stack was started by');
  for (const path of [own, join(own, 'v24'), entry]) {
    chownSync(path, users.of('mailer').uid, users.of('mailer').gid);
  }
  await createCompileCaches(users);
  t.false(existsSync(entry));
  t.is(lstatSync(own).uid, users.of('mailer').uid);
  t.true(existsSync(join(folder, 'kept')));
});
