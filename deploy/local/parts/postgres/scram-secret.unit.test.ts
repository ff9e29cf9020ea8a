import { createHash, createHmac } from 'node:crypto';
import test from 'ava';
import { scramSecret, scramSecretOf } from './scram-secret.ts';

/** The example of RFC 7677 section 3. */
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const MESSAGE = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${NONCE},s=${SALT},i=4096,c=biws,r=${NONCE}`;
const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const SIGNATURE = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test('checks the proof of a client, and signs as the server', (t) => {
  const secret = scramSecret('pencil', Buffer.from(SALT, 'base64'));
  const [, salt, storedText = '', serverText = ''] =
    /^SCRAM-SHA-256\$4096:(.+)\$(.+):(.+)$/.exec(secret) ?? [];
  t.is(salt, SALT);
  const stored = Buffer.from(storedText, 'base64');
  const mask = createHmac('sha256', stored).update(MESSAGE).digest();
  const clientKey = Buffer.from(PROOF, 'base64').map((byte, index) => byte ^ (mask[index] ?? 0));
  t.deepEqual(createHash('sha256').update(clientKey).digest(), stored);
  const server = createHmac('sha256', Buffer.from(serverText, 'base64')).update(MESSAGE);
  t.is(server.digest('base64'), SIGNATURE);
});

test('is the same at every call, and another for each role and password', (t) => {
  const secret = scramSecretOf('a', 'p');
  t.is(secret, scramSecretOf('a', 'p'));
  t.not(secret, scramSecretOf('b', 'p'));
  t.not(secret, scramSecretOf('a', 'q'));
  t.regex(secret, /^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/);
});
