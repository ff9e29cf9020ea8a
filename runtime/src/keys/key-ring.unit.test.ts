import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { currentKey, readKeyRing } from './key-ring.ts';
import { readPepperRing } from './pepper-ring.ts';
import { parseJson, readSecret, SecretFileError } from './secret-file.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secret = 'correct-horse-battery';

function writeSecret(t: ExecutionContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-secrets-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'secret');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

for (const [what, content, expected] of [
  ['without a line end', secret, secret],
  ['with a line end', `${secret}\n`, secret],
  ['with the line end of Windows', `${secret}\r\n`, secret],
  ['with spaces, which belong to it', ` ${secret} \n`, ` ${secret} `],
] as const) {
  test(`reads a secret ${what}`, (t) => {
    t.is(readSecret(writeSecret(t, content)), expected);
  });
}

for (const [what, content] of [
  ['nothing', ''],
  ['a line end', '\n'],
  ['the line end of Windows', '\r\n'],
] as const) {
  test(`refuses a secret that is ${what}`, (t) => {
    const path = writeSecret(t, content);
    t.throws(() => readSecret(path), { instanceOf: SecretFileError, message: `${path} is empty` });
  });
}

test('names a file that cannot be read', (t) => {
  const path = join(writeSecret(t, secret), 'none');
  for (const read of [readSecret, readKeyRing, parseJson]) {
    t.throws(() => read(path), { instanceOf: SecretFileError, message: `${path} cannot be read` });
  }
});

test('reads every key of a ring, and which one is current', (t) => {
  const ring = readKeyRing(
    writeSecret(t, JSON.stringify({ current: 'b', keys: { a: keyOf(1), b: keyOf(2) } })),
  );
  t.is(ring.current, 'b');
  t.deepEqual([...ring.keys.keys()], ['a', 'b']);
  t.deepEqual(ring.keys.get('a'), Buffer.alloc(32, 1));
  t.deepEqual(currentKey(ring), Buffer.alloc(32, 2));
});

const noRing = test.macro({
  title: (what) => `refuses a key ring ${what}, and does not reveal its content`,
  exec: (t, content: unknown, reason: RegExp) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const path = writeSecret(t, text);
    const error = t.throws(() => readKeyRing(path), { instanceOf: SecretFileError });
    t.true(error?.message.startsWith(path));
    t.regex(error?.message.slice(path.length) ?? '', reason);
    // The whole error with stack and causes, as a log would show it.
    const shown = inspect(error, { depth: 10, showHidden: true });
    t.false(shown.includes(secret));
    t.false(shown.includes(keyOf(1).slice(0, 12)));
  },
});
const ringInPhase = {
  current: '1',
  layers: ['1', '2'],
  phase: 'copy',
  keys: { 1: keyOf(1), 2: keyOf(2) },
};

const isNone = /^ is not a key ring; it must look like /;

test('that is not JSON', noRing, `{"current":"1","keys":{"1":"${secret}`, /^ is not JSON$/);
test('that is a bare key', noRing, keyOf(1), /^ is not JSON$/);
test('that is empty', noRing, '', /^ is not JSON$/);
test('that is a JSON string', noRing, JSON.stringify(secret), isNone);
test('that is null', noRing, null, isNone);
test('without current', noRing, { keys: { 1: keyOf(1) } }, isNone);
test('with an empty current', noRing, { current: '', keys: { 1: keyOf(1) } }, isNone);
test('with a number as current', noRing, { current: 1, keys: { 1: keyOf(1) } }, isNone);
test('without keys', noRing, { current: secret }, isNone);
test('with no key', noRing, { current: secret, keys: {} }, isNone);
test('with a key that is a password', noRing, { current: '1', keys: { 1: secret } }, isNone);
test(
  'with a key of 31 bytes',
  noRing,
  { current: '1', keys: { 1: Buffer.alloc(31, 1).toString('base64') } },
  isNone,
);
test(
  'with a key of 33 bytes',
  noRing,
  { current: '1', keys: { 1: Buffer.alloc(33, 1).toString('base64') } },
  isNone,
);
test(
  'with a key in hexadecimal',
  noRing,
  { current: '1', keys: { 1: Buffer.alloc(32, 1).toString('hex') } },
  isNone,
);
test(
  'with a version that is not a name',
  noRing,
  { current: '1', keys: { 1: keyOf(1), [`${secret} `]: keyOf(1) } },
  isNone,
);
test('with more fields', noRing, { current: '1', keys: { 1: keyOf(1) }, note: secret }, isNone);

const wrongCurrent = /^: "current" names a key that is not in "keys"$/;
for (const current of [secret, '2', ' 1', 'toString', '__proto__']) {
  test(
    `whose current is ${JSON.stringify(current)}`,
    noRing,
    { current, keys: { 1: keyOf(1) } },
    wrongCurrent,
  );
}

test(
  'whose next key is missing',
  noRing,
  { current: '1', next: secret, keys: { 1: keyOf(1) } },
  /^: "next" names a key that is not in "keys"$/,
);

test(
  'with a layer whose pepper is missing',
  noRing,
  { current: '1', layers: ['1', secret], keys: { 1: keyOf(1) } },
  /^: "layers" names a key that is not in "keys"$/,
);
test(
  'in a phase without two layers',
  noRing,
  { current: '1', layers: ['1'], phase: 'copy', keys: { 1: keyOf(1) } },
  /^: "phase" needs two "layers"$/,
);
test('in an unknown phase', noRing, { ...ringInPhase, phase: secret }, isNone);

test('a ring of peppers reports its layers and the phase of its rotation', (t) => {
  const { layers, phase } = readPepperRing(writeSecret(t, JSON.stringify(ringInPhase)));
  t.deepEqual({ layers, phase }, { layers: ['1', '2'], phase: 'copy' });
});

test('a ring of peppers without a rotation has one layer', (t) => {
  const path = writeSecret(t, JSON.stringify({ current: '1', keys: { 1: keyOf(1) } }));
  t.like(readPepperRing(path), { layers: ['1'], phase: undefined });
});

test('a ring made in memory without its current key is refused', (t) => {
  t.throws(() => currentKey({ current: '2', keys: new Map([['1', Buffer.alloc(32)]]) }), {
    instanceOf: SecretFileError,
  });
});
