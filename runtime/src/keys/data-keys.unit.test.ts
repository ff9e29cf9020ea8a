import { randomBytes } from 'node:crypto';
import test from 'ava';
import { createDataKeys, openPersonal, sealPersonal } from './data-keys.ts';
import type { KeyRing } from './key-ring.ts';

const ringOf = (...versions: string[]): KeyRing => ({
  current: versions.at(-1) ?? '',
  keys: new Map(versions.map((version) => [version, randomBytes(32)])),
});
const binding = { eventId: 'e1', type: 'zameni.account.registered.v1', userId: 'u1' };
const plaintext = '{"email":"vera@example.org"}';

test('data sealed under a data key opens under the same key and binding', (t) => {
  const { key } = createDataKeys(ringOf('1')).create('u1');
  t.is(openPersonal(key, binding, sealPersonal(key, binding, plaintext)), plaintext);
});

test('a data key opens from its record for its own person only', (t) => {
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

test('a re-wrapped record keeps the fields of a later version', (t) => {
  const older = ringOf('1');
  const { record } = createDataKeys(older).create('u1');
  const newer: KeyRing = { current: '2', keys: new Map([...older.keys, ['2', randomBytes(32)]]) };
  const later = { ...record, cipher: 'a later one' };
  const again = createDataKeys(newer).rewrap('u1', later);
  t.like(again, { kek: '2', cipher: 'a later one' });
});

test('a re-wrapped record holds the same key, wrapped by the current key-encryption key', (t) => {
  const older = ringOf('1');
  const { key, record } = createDataKeys(older).create('u1');
  const newer: KeyRing = { current: '2', keys: new Map([...older.keys, ['2', randomBytes(32)]]) };
  const again = createDataKeys(newer).rewrap('u1', record);
  t.like(again, { kek: '2', version: 2 });
  t.not(again.wrapped, record.wrapped);
  const only: KeyRing = { current: '2', keys: new Map([...newer.keys].slice(1)) };
  t.true(createDataKeys(only).open('u1', again).equals(key));
  t.is(createDataKeys(only).rewrap('u1', again), again);
  t.throws(() => createDataKeys(newer).rewrap('u2', record));
});

test('follows changes of a ring', (t) => {
  const older = ringOf('1');
  const newer: KeyRing = { current: '2', keys: new Map([...older.keys, ['2', randomBytes(32)]]) };
  let ring = older;
  const keys = createDataKeys({ current: () => ring, find: (id) => ring.keys.get(id) });
  const { record } = keys.create('u1');
  t.is(record.kek, '1');
  ring = newer;
  t.is(keys.create('u2').record.kek, '2');
  t.notThrows(() => keys.open('u1', record));
});

test('looks for a key that it does not know yet', (t) => {
  const newer = ringOf('2');
  const { record } = createDataKeys(newer).create('u1');
  let ring = ringOf('1');
  // Like a file that is read at once for an unknown id.
  const find = (id: string) => (ring = newer).keys.get(id);
  const keys = createDataKeys({ current: () => ring, find });
  t.notThrows(() => keys.open('u1', record));
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

test('a changed or truncated ciphertext does not open', (t) => {
  const { key } = createDataKeys(ringOf('1')).create('u1');
  const bytes = Buffer.from(sealPersonal(key, binding, plaintext), 'base64');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    t.throws(() => openPersonal(key, binding, changed.toString('base64')));
  }
  t.throws(() => openPersonal(key, binding, bytes.subarray(0, 20).toString('base64')));
});
