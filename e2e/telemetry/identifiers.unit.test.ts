import test from 'ava';
import { looksLikeId, looksLikeToken } from './identifiers.ts';

test('knows ids, digests, tokens and addresses', (t) => {
  const ids = [
    '019a2b4c-5d6e-7f80-9a1b-2c3d4e5f6071',
    '/v1/users/019a2b4c-5d6e-7f80-9a1b-2c3d4e5f6071',
    '0af7651916cd43dd8448eb211c80319c',
    'zameni.claim.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmF4OTk',
    'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ2ZXJhIn0xMjM0.c2lnbmF0dXJlMTIzNDU2Nzg',
    '192.0.2.7',
  ];
  for (const id of ids) t.true(looksLikeId(id), id);
});

test('finds a token in a line, and takes ids and files for none', (t) => {
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ2ZXJhIn0xMjM0.c2lnbmF0dXJlMTIzNDU2Nzg';
  t.true(looksLikeToken(`{"message":"refused ${token}"}`));
  t.true(looksLikeToken(`GET /v1?token=${token.slice(0, 40)}`));
  t.false(looksLikeToken('{"trace.id":"0af7651916cd43dd8448eb211c80319c","file":"a.b.eye.ts"}'));
});

test('takes names of processes, routes, codes and numbers for what they are', (t) => {
  const names = [
    'command-api-1',
    '/v1/users/{id}/verification-mails',
    'zameni_projector_migrations_and_more',
    '+Inf',
    '0.0025',
    '127.0.0.1',
    'read_committed',
    'select user_id, email from accounts.users where user_id = $1',
    'HTTP/1.1',
    'idle in transaction (aborted)',
    'PostgreSQL 17.6 (Debian 17.6-0+deb13u1)',
  ];
  for (const name of names) t.false(looksLikeId(name), name);
});
