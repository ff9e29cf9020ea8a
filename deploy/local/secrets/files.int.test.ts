import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyRing, readSecret } from '@zameni/runtime';
import { readTestStack } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { isGroupOfFile, ONE_USER } from '../host/users.ts';
import { StackError } from '../output/stack-error.ts';
import { createLayout, dataFolder, deleteData, type ServerFolder } from '../profile/layout.ts';
import { createMissingSecrets, type SecretFiles } from './files.ts';

const attempts = { now: new Date('2026-03-04T05:06:07Z'), lifetimeSeconds: 7 * 24 * 3_600 };

/** Returns the mode of a file or folder in octal. */
async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

async function modesIn(folder: string): Promise<Set<string>> {
  const names = await readdir(folder);
  return new Set(await Promise.all(names.map((name) => modeOf(join(folder, name)))));
}

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-layout-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return join(folder, 'profile');
}

function filesOf({ natsUsers, redisUsers, ...others }: SecretFiles): string[] {
  return [natsUsers, redisUsers, others].flatMap((files) => Object.values(files));
}

async function readAll(files: SecretFiles): Promise<string[]> {
  return Promise.all(filesOf(files).map((path) => readFile(path, 'utf8')));
}

test.before(() => {
  // The modes must not depend on the umask of the person who starts the stack.
  process.umask(0);
});

test('only the owner may access the folders and secrets', async (t) => {
  const layout = await createLayout(await createFolder(t), ONE_USER, attempts);
  const folders = [layout.logs, layout.secretsFolder, ...Object.values(layout.servers)];
  t.deepEqual(new Set(await Promise.all(folders.map(modeOf))), new Set(['700']));
  t.deepEqual(await modesIn(layout.secretsFolder), new Set(['600']));
  t.deepEqual(
    (await readdir(layout.secretsFolder))
      .map((name) => join(layout.secretsFolder, name))
      .toSorted(),
    filesOf(layout.secrets).toSorted(),
  );
});

test('no two secrets are equal, within a profile and between profiles', async (t) => {
  const profiles = [await createFolder(t), await createFolder(t)];
  const secrets = await Promise.all(
    profiles.map((folder) => createMissingSecrets(folder, attempts)),
  );
  const contents = (await Promise.all(secrets.map(readAll))).flat();
  t.is(new Set(contents).size, contents.length);
  for (const files of secrets) {
    const passwords = filesOf(files).filter((path) => path.endsWith('.password'));
    t.is(passwords.length, 24);
    for (const path of passwords) t.regex(readSecret(path), /^[A-Za-z0-9_-]{32}$/);
    for (const path of [
      files.pepper,
      files.kek,
      files.positionKey,
      files.verificationKey,
      files.registrationIdKey,
    ]) {
      t.is(readKeyRing(path).keys.size, 1);
    }
    t.is(readKeyRing(files.attemptKeys).keys.size, 8);
  }
});

test('a second start keeps every secret and creates only missing ones', async (t) => {
  const folder = await createFolder(t);
  const files = await createMissingSecrets(folder, attempts);
  const before = await readAll(files);
  t.deepEqual(await readAll(await createMissingSecrets(folder, attempts)), before);
  const { projector } = files.redisUsers;
  await rm(projector);
  const after = await readAll(await createMissingSecrets(folder, attempts));
  const changed = filesOf(files).filter((_, index) => after[index] !== before[index]);
  t.deepEqual(changed, [projector]);
  t.is(await modeOf(projector), '600');
});

for (const server of ['nats-2', 'postgres-primary'] satisfies ServerFolder[]) {
  test(`a lost ring is not made again beside the data of ${server}`, async (t) => {
    const root = await createFolder(t);
    const { secrets, servers } = await createLayout(root, ONE_USER, attempts);
    await writeFile(join(dataFolder(servers[server]), 'file'), '');
    const lost = [secrets.pepper, secrets.kek];
    for (const path of lost) await rm(path);
    const fault = await t.throwsAsync(createLayout(root, ONE_USER, attempts), {
      instanceOf: StackError,
    });
    for (const path of lost) t.true(fault?.message.includes(path));
    t.true(fault?.message.includes(dataFolder(servers[server])));
    t.regex(fault?.message ?? '', /from a backup.*--fresh/s);
    t.false((await readdir(join(root, 'secrets'))).includes('pepper.json'));
    await deleteData(root);
    const renewed = await createLayout(root, ONE_USER, attempts);
    t.is(readKeyRing(renewed.secrets.pepper).keys.size, 1);
  });
}

test('a start that was interrupted before there was data creates the missing rings', async (t) => {
  const root = await createFolder(t);
  const { secrets } = await createLayout(root, ONE_USER, attempts);
  await rm(secrets.positionKey);
  const again = await createLayout(root, ONE_USER, attempts);
  t.is(readKeyRing(again.secrets.positionKey).keys.size, 1);
});

test('a lost ring of attempt keys is made again, because no backup may have it', async (t) => {
  const root = await createFolder(t);
  const { secrets, servers } = await createLayout(root, ONE_USER, attempts);
  await writeFile(join(dataFolder(servers['nats-1']), 'file'), '');
  await rm(secrets.attemptKeys);
  await t.notThrowsAsync(createLayout(root, ONE_USER, attempts));
});

test('a start after a long stop has attempt keys for today', async (t) => {
  const folder = await createFolder(t);
  const { attemptKeys } = await createMissingSecrets(folder, attempts);
  await createMissingSecrets(folder, { ...attempts, now: new Date('2026-03-18T05:06:07Z') });
  const { current, keys } = readKeyRing(attemptKeys);
  t.is(current, '2026-03-18');
  t.true(keys.has('2026-03-18') && keys.has('2026-03-25'));
  t.false(keys.has('2026-03-04'));
});

test('the public keys reveal nothing of the private one and belong to it', async (t) => {
  const folder = await createFolder(t);
  const files = await createMissingSecrets(folder, attempts);
  const readKeys = async () => ({
    own: JSON.parse(await readFile(files.issuerKey, 'utf8')) as Record<string, string>,
    shown: JSON.parse(await readFile(files.jwks, 'utf8')) as { keys: Record<string, string>[] },
  });
  const { own, shown } = await readKeys();
  const { d, ...publicPart } = own;
  t.regex(d ?? '', /^[A-Za-z0-9_-]{43}$/);
  t.deepEqual(shown.keys, [publicPart]);
  // One is useless without the other, so both are created again.
  await rm(files.jwks);
  await createMissingSecrets(folder, attempts);
  const renewed = await readKeys();
  t.not(renewed.own['x'], own['x']);
  t.is(renewed.shown.keys[0]?.['x'], renewed.own['x']);
});

test('in a running stack only the owner and the one reader can access files', async (t) => {
  const { folders } = await readTestStack();
  t.is(await modeOf(join(folders.root, 'stack.json')), '600');
  const isApart = isGroupOfFile((await stat(join(folders.secrets, 'kek.json'))).gid);
  const entries = await readdir(folders.root, { withFileTypes: true });
  const own = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  t.true(own.includes('secrets') && own.includes('nats-1') && own.includes('logs'));
  for (const name of own) {
    const folder = join(folders.root, name);
    const mayPass = isApart && ['logs', 'secrets'].includes(name);
    t.regex(await modeOf(folder), mayPass ? /^711$/ : isApart ? /^7[01]0$/ : /^700$/, name);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const isShared = isApart && (await stat(path)).gid !== 0;
      const expected = entry.isDirectory() ? /^700$/ : isShared ? /^6[04]0$/ : /^600$/;
      t.regex(await modeOf(path), expected, `${name}/${entry.name}`);
    }
  }
});
