import { randomBytes } from 'node:crypto';
import test from 'ava';
import { createDataKeys, openPersonal, sealPersonal } from './data-keys.ts';
import type { KeyRing } from './secrets.ts';

const ringOf = (...versions: string[]): KeyRing => ({
  current: versions.at(-1) ?? '',
  keys: new Map(versions.map((version) => [version, randomBytes(32)])),
});
const binding = { eventId: 'e1', type: 'zameni.account.registered.v1', userId: 'u1' };
const plaintext = '{"email":"vera@example.org"}';

test('what is sealed under a data key opens under the same key and binding', (t) => {
  const { key } = createDataKeys(ringOf('1')).create('u1');
  t.is(openPersonal(key, binding, sealPersonal(key, binding, plaintext)), plaintext);
});

test('a data key opens from its record, by the person it was made for only', (t) => {
  const keys = createDataKeys(ringOf('1'));
  const { key, record } = keys.create('u1');
  const sealed = sealPersonal(key, binding, plaintext);
  t.is(openPersonal(keys.open('u1', record), binding, sealed), plaintext);
  t.throws(() => keys.open('u2', record));
});

test('a record wrapped by an older key-encryption key still opens', (t) => {
  const older = ringOf('1');
  const { record } = createDataKeys(older).create('u1');
  const newer: KeyRing = { current: '2', keys: new Map([...older.keys, ['2', randomBytes(32)]]) };
  t.notThrows(() => createDataKeys(newer).open('u1', record));
  t.throws(() => createDataKeys(ringOf('2')).open('u1', record), { message: /lacks/ });
});

for (const [what, other] of Object.entries({
  event: { ...binding, eventId: 'e2' },
  type: { ...binding, type: 'zameni.account.registered.v2' },
  person: { ...binding, userId: 'u2' },
})) {
  test(`a ciphertext does not open as another ${what}`, (t) => {
    const { key } = createDataKeys(ringOf('1')).create('u1');
    const sealed = sealPersonal(key, binding, plaintext);
    t.throws(() => openPersonal(key, other, sealed));
  });
}

test('a changed or cut ciphertext does not open', (t) => {
  const { key } = createDataKeys(ringOf('1')).create('u1');
  const bytes = Buffer.from(sealPersonal(key, binding, plaintext), 'base64');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    t.throws(() => openPersonal(key, binding, changed.toString('base64')));
  }
  t.throws(() => openPersonal(key, binding, bytes.subarray(0, 20).toString('base64')));
});
