import test from 'ava';
import { createFindPersonalData } from './personal-data.ts';

const people = [
  { email: 'Vera.Person@example.org', displayName: 'Вера "V" Личност' },
  { email: 'ana@пример.example.net', displayName: 'Ana' },
];
const find = createFindPersonalData(people, ['noreply@zameni.example']);

test('finds addresses and names in every spelling', (t) => {
  t.deepEqual(find('to <vera.person@EXAMPLE.org>'), [
    'vera.person@example.org',
    'vera.person@EXAMPLE.org',
  ]);
  t.is(find(JSON.stringify({ name: 'Вера "V" Личност' })).length, 1);
  t.is(find(`/v1?name=${encodeURIComponent('Вера "V" Личност')}`).length, 1);
  t.is(find(`email=${encodeURIComponent('vera.person@example.org')}`).length, 1);
});

test('finds any address that is not of a sender', (t) => {
  t.deepEqual(find('Key (email)=(somebody+x@mail.example.com)'), ['somebody+x@mail.example.com']);
  t.deepEqual(find('from noreply@zameni.example'), []);
});

test('finds nothing in what lines usually have', (t) => {
  const lines = [
    'Ana lysis of postgres://zameni_query@127.0.0.1:6432/zameni_rw',
    'at node_modules/.pnpm/@fastify+otel@0.21.2/node_modules/@fastify/otel/index.js:12',
    'zameni_http_server_problems_total{http_route="/v1/users/{id}"} 3',
    '{"trace.id":"0af7651916cd43dd8448eb211c80319c"}',
  ];
  t.deepEqual(lines.flatMap(find), []);
});
