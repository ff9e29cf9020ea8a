import test from 'ava';
import { parseGatewayLine } from './gateway-log.ts';

const line = {
  trace: '0af7651916cd43dd8448eb211c80319c',
  span: 'e6c0223dc9684baa',
  parent: 'b7ad6b7169203331',
  start: 1_795_750_510_645_015,
  end: 1_795_750_510_645_891,
  method: 'GET',
  status: 200,
  backend: 'query-api',
  server: 'query-api-1',
  queue: 0,
  connect: 0,
  response: 1,
  ended: '--',
};

const parse = (value: unknown) => parseGatewayLine(Buffer.from(`${JSON.stringify(value)}\n`));

test('reads what the gateway logs', (t) => {
  t.deepEqual(parse(line), line);
  t.truthy(parse({ ...line, parent: '-' }));
});

const refuses = test.macro((t, changes: object) => {
  t.is(parse({ ...line, ...changes }), null);
});

test('refuses an id with other characters', refuses, { trace: 'X'.repeat(32) });
test('refuses a shorter id', refuses, { span: 'e6c0' });
test('refuses an end before the start', refuses, { end: 1 });
test('refuses a time that is no number', refuses, { start: '1' });
test('refuses an unknown field', refuses, { path: '/v1/users' });
test('refuses a missing field', refuses, { server: undefined });
test('refuses a line that is too long', refuses, { method: 'M'.repeat(1024) });
test('refuses a backend that is too long', refuses, { backend: 'b'.repeat(65) });

test('refuses a backend that is not one of ours', refuses, { backend: 'vera@example.org' });
test('refuses a server with capitals', refuses, { server: 'Vera' });
test('refuses a server with spaces', refuses, { server: 'vera beispiel' });

test('takes an answer of the gateway itself', (t) => {
  t.truthy(parse({ ...line, backend: 'gateway', server: '<NOSRV>' }));
});

test('refuses what is not JSON', (t) => {
  t.is(parseGatewayLine(Buffer.from('<134>Nov 27 gateway started')), null);
  t.is(parseGatewayLine(Buffer.from([0xff, 0xfe, 0x00])), null);
});
