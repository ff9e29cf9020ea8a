import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConfigError } from '../process/config.ts';
import { readTokenIssuers } from './issuers.ts';
import { createKeyFile, createTestKey } from './tokens.fixture.ts';

const key = await createTestKey('k1');
const good = {
  issuer: 'https://id.example.org/',
  audience: 'zameni',
  jwks: { url: 'https://id.example.org/jwks.json' },
};

function writeIssuers(t: ExecutionContext, content: unknown) {
  const { folder, path: jwks, publish } = createKeyFile(t, [key.jwk]);
  const path = join(folder, 'issuers.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { path, jwks, publish };
}

function faultsOf(t: ExecutionContext, content: unknown): readonly string[] {
  const { path } = writeIssuers(t, content);
  return t.throws(() => readTokenIssuers(path), { instanceOf: ConfigError })?.faults ?? [];
}

test('reads issuers with their places; a file is relative to the list', (t) => {
  const { path, jwks } = writeIssuers(t, [
    good,
    {
      ...good,
      issuer: 'two',
      jwks: { file: 'jwks.json' },
      algorithms: ['ES256'],
      tokenType: 'JWT',
      maxLifetimeSeconds: 600,
    },
  ]);
  t.deepEqual(readTokenIssuers(path), [
    {
      issuer: good.issuer,
      audience: 'zameni',
      algorithms: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'],
      tokenType: 'at+jwt',
      maxLifetimeSeconds: 86_400,
      keys: { kind: 'url', url: good.jwks.url },
    },
    {
      issuer: 'two',
      audience: 'zameni',
      algorithms: ['ES256'],
      tokenType: 'JWT',
      maxLifetimeSeconds: 600,
      keys: { kind: 'file', path: jwks },
    },
  ]);
});

test('all faults are listed at once, by place and with an example', (t) => {
  const faults = faultsOf(t, [
    { ...good, issuer: '', kind: 'x' },
    { issuer: 'two', jwks: {}, algorithms: ['HS256'], tokenType: 'id', maxLifetimeSeconds: 'x' },
  ]);
  t.is(faults.length, 6);
  for (const fault of faults) t.regex(fault, /^ZAMENI_JWT_ISSUERS_FILE at \/.*, for example \S/);
  for (const pointer of [
    '/0/issuer',
    '/0/kind',
    '/1/audience',
    '/1/algorithms/0',
    '/1/tokenType',
    '/1/maxLifetimeSeconds',
  ]) {
    t.true(
      faults.some((fault) => fault.includes(` at ${pointer}: `)),
      pointer,
    );
  }
});

test('faults beyond the schema are listed at once as well', (t) => {
  const faults = faultsOf(t, [
    good,
    { ...good, algorithms: [] },
    { ...good, issuer: '3', jwks: {} },
    { ...good, issuer: '4', jwks: { file: 'jwks.json', url: good.jwks.url } },
    { ...good, issuer: '5', jwks: { file: 'none.json' } },
    { ...good, issuer: '6', jwks: { file: 'issuers.json' } },
    { ...good, issuer: '7', maxLifetimeSeconds: 0 },
    { ...good, issuer: '8', maxLifetimeSeconds: 2_678_401 },
  ]);
  const places = ['/1/issuer', '/1/algorithms', '/2/jwks', '/3/jwks', '/4/jwks/file'];
  t.deepEqual(
    faults.map((fault) => / at ([^:]*):/.exec(fault)?.[1]),
    [...places, '/5/jwks/file', '/6/maxLifetimeSeconds', '/7/maxLifetimeSeconds'],
  );
});

test('a file without keys is a fault', (t) => {
  const { path, publish } = writeIssuers(t, [{ ...good, jwks: { file: 'jwks.json' } }]);
  publish();
  t.throws(() => readTokenIssuers(path), { message: / at \/0\/jwks\/file: The key set is empty/ });
});

for (const [what, content] of [
  ['missing', undefined],
  ['not JSON', '{"issuer":'],
  ['no list', good],
  ['empty', []],
  ['of 17', Array.from({ length: 17 }, (_, index) => ({ ...good, issuer: `${index}` }))],
] as const) {
  test(`a list that is ${what} is refused with an example`, (t) => {
    const { path } = writeIssuers(t, content ?? '');
    const read = () => readTokenIssuers(content === undefined ? `${path}.none` : path);
    t.throws(read, {
      instanceOf: ConfigError,
      message: /ZAMENI_JWT_ISSUERS_FILE: .* for example \[\{"issuer"/,
    });
  });
}

test('takes 16 issuers', (t) => {
  const many = Array.from({ length: 16 }, (_, index) => ({ ...good, issuer: `${index}` }));
  t.is(readTokenIssuers(writeIssuers(t, many).path).length, 16);
});

const placed = test.macro({
  title: (_, url: string, isTaken: boolean) => `${isTaken ? 'takes' : 'refuses'} keys from ${url}`,
  exec: (t, url: string, isTaken: boolean) => {
    const { path } = writeIssuers(t, [{ ...good, jwks: { url } }]);
    if (isTaken) t.notThrows(() => readTokenIssuers(path));
    else t.throws(() => readTokenIssuers(path), { message: / at \/0\/jwks\/url: / });
  },
});
for (const url of [
  'https://id.example.org:8443/jwks.json',
  'http://127.0.0.1:8080/jwks.json',
  'http://localhost/jwks.json',
  'http://[::1]:8080/jwks.json',
]) {
  test(placed, url, true);
}
for (const url of [
  'http://id.example.org/jwks.json',
  'http://127.0.0.1.example.org/jwks.json',
  'http://localhost.example.org/jwks.json',
  'https://user:pass@id.example.org/jwks.json',
  'file:///run/jwks.json',
  'data:application/json,{}',
  'jwks.json',
  '',
]) {
  test(placed, url, false);
}
