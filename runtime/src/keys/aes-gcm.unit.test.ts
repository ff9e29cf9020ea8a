import { createSecretKey } from 'node:crypto';
import test from 'ava';
import { seal, unseal } from './aes-gcm.ts';

const keyOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const binding = Buffer.from('event-1\nvera');
const plaintext = Buffer.from('vera@example.org');

test('sealed data opens under the same key and binding only', (t) => {
  const sealed = seal(keyOf(1), binding, plaintext);
  t.deepEqual(unseal(keyOf(1), binding, sealed), plaintext);
  t.throws(() => unseal(keyOf(2), binding, sealed));
  t.throws(() => unseal(keyOf(1), Buffer.from('event-2\nvera'), sealed));
});

test('empty and large data are sealed alike', (t) => {
  for (const text of [Buffer.alloc(0), Buffer.alloc(100_000, 7)]) {
    const sealed = seal(keyOf(1), binding, text);
    t.is(Buffer.from(sealed, 'base64').length, text.length + 12 + 16);
    t.deepEqual(unseal(keyOf(1), binding, sealed), text);
  }
});

test('each seal has its own nonce, so that equal plaintexts differ', (t) => {
  const all = Array.from({ length: 1_000 }, () => seal(keyOf(1), binding, plaintext));
  t.is(new Set(all.map((sealed) => sealed.slice(0, 16))).size, all.length);
});

test('changed or truncated data does not open', (t) => {
  const bytes = Buffer.from(seal(keyOf(1), binding, plaintext), 'base64');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    t.throws(() => unseal(keyOf(1), binding, changed.toString('base64')));
    t.throws(() => unseal(keyOf(1), binding, bytes.subarray(0, index).toString('base64')));
  }
});
