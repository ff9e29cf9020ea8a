import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openKeyRing } from './ring-file.ts';
import { deriveFromRing } from './ring-source.ts';
import { SecretFileError } from './secret-file.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const ringOf = (current: string, ...ids: readonly number[]) =>
  JSON.stringify({ current, keys: Object.fromEntries(ids.map((id) => [id, keyOf(id)])) });

function createFile(t: ExecutionContext, content: string) {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-ring-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ring.json');
  const replace = (text: string) => {
    writeFileSync(`${path}.draft`, text, { mode: 0o600 });
    renameSync(`${path}.draft`, path);
  };
  replace(content);
  return { path, replace, remove: () => rmSync(path) };
}

function open(t: ExecutionContext, content: string) {
  const file = createFile(t, content);
  let nowMs = 0;
  const logged: string[] = [];
  const logger = {
    info: (_fields: object, message?: string) => void logged.push(message ?? ''),
    error: (fields: object, message?: string) =>
      void logged.push(`${message ?? ''} ${JSON.stringify(fields)}`),
  };
  const ring = openKeyRing(file.path, { logger, now: () => nowMs });
  return { ...file, ring, logged, pass: (ms: number) => (nowMs += ms) };
}

test('reads a file that was moved into place within a second', (t) => {
  const { ring, replace, pass } = open(t, ringOf('1', 1));
  replace(ringOf('2', 1, 2));
  t.is(ring.current().current, '1');
  pass(1_000);
  t.is(ring.current().current, '2');
  t.deepEqual(ring.find('1'), Buffer.alloc(32, 1));
});

test('reads a file that was overwritten', (t) => {
  const { ring, path, pass } = open(t, ringOf('1', 1));
  writeFileSync(path, ringOf('2', 1, 2));
  pass(1_000);
  t.is(ring.current().current, '2');
});

test('says in the security log too which keys are in use', (t) => {
  const { path, replace } = createFile(t, ringOf('1', 1));
  const told: object[] = [];
  let nowMs = 0;
  const logger = { info: () => undefined, error: () => undefined };
  const securityLog = { info: (fields: object) => void told.push(fields) };
  const ring = openKeyRing(path, { logger, securityLog, now: () => nowMs });
  replace(ringOf('2', 1, 2));
  nowMs = 1_000;
  ring.current();
  t.deepEqual(told, [{ path, currentKey: '2', keys: ['1', '2'] }]);
});

test('keeps the same ring while the file is the same', (t) => {
  const { ring, pass, logged } = open(t, ringOf('1', 1));
  const before = ring.current();
  pass(5_000);
  t.is(ring.current(), before);
  t.deepEqual(logged, []);
});

test('checks its file at once for an unknown id, but not repeatedly', (t) => {
  const { ring, replace, pass } = open(t, ringOf('1', 1));
  pass(100);
  t.is(ring.find('2'), undefined);
  replace(ringOf('1', 1, 2));
  pass(99);
  t.is(ring.find('2'), undefined);
  pass(1);
  t.deepEqual(ring.find('2'), Buffer.alloc(32, 2));
});

test('keeps the last good ring while the file is unusable, and logs it once', (t) => {
  const { ring, replace, remove, pass, logged } = open(t, ringOf('1', 1));
  for (const spoil of [() => replace('{"current":"1"'), () => replace(ringOf('9', 1)), remove]) {
    spoil();
    pass(1_000);
    t.is(ring.current().current, '1');
  }
  t.is(logged.length, 1);
  t.true(logged[0]?.startsWith('key ring not read, the last one stays'));
  t.false(logged[0]?.includes(keyOf(1)));
  replace(ringOf('2', 2));
  pass(1_000);
  t.is(ring.current().current, '2');
  t.is(logged[1], 'key ring read');
});

test('does not open without a good ring', (t) => {
  const { path } = createFile(t, '{}');
  t.throws(() => open(t, '{}'), { instanceOf: SecretFileError });
  t.throws(() => openKeyRing(`${path}.none`, { logger: { info() {}, error() {} } }), {
    instanceOf: SecretFileError,
  });
});

test('a derived value is made again only when its ring changes', (t) => {
  const { ring, replace, pass } = open(t, ringOf('1', 1));
  let times = 0;
  const made = deriveFromRing(ring, ({ current }) => `${current} ${(times += 1)}`);
  t.is(made(), '1 1');
  pass(1_000);
  t.is(made(), '1 1');
  replace(ringOf('2', 2));
  pass(1_000);
  t.is(made(), '2 2');
});
