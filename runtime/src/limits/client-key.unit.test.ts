import test from 'ava';
import { clientKeyOf, clientNetworkOf, guesserKeyOf, type Origin } from './client-key.ts';

const from = (ip: string, remoteAddress = '127.0.0.1'): Origin => ({
  ip,
  socket: { remoteAddress },
});

const is = test.macro((t, origin: Origin, expected: string) => {
  t.is(clientNetworkOf(origin), expected);
});

test('an IPv4 address counts whole', is, from('192.0.2.7'), '192.0.2.7');
test('an IPv6 address counts by its /64', is, from('2001:db8:0:42:1:2:3:4'), '2001:db8:0:42::/64');
test('zeros left out are zeros', is, from('2001:db8::1'), '2001:db8:0:0::/64');
test('zeros in the middle are zeros', is, from('2001:db8::5:0:0:0:1'), '2001:db8:0:5::/64');
test('digits and case do not matter', is, from('2001:0DB8:0000::1'), '2001:db8:0:0::/64');
test('loopback has a network too', is, from('::1'), '0:0:0:0::/64');
test('an IPv4 address in IPv6 counts as IPv4', is, from('::ffff:192.0.2.7'), '192.0.2.7');
test('an IPv4 tail elsewhere is a tail', is, from('64:ff9b::192.0.2.7'), '64:ff9b:0:0::/64');
test('a zone does not matter', is, from('fe80::1%eth0'), 'fe80:0:0:0::/64');
test('a text that is not an address is ignored', is, from("' or 1=1 --", '192.0.2.9'), '192.0.2.9');
test('a request without an address is a client too', is, { ip: '', socket: {} }, 'unknown');

test('a caller counts by the subject, from any address', (t) => {
  const caller = { issuer: 'https://id', subject: 'app', scopes: new Set<string>() };
  const key = clientKeyOf({ request: from('192.0.2.7'), caller }, (text) => `digest of ${text}`);
  t.is(key, 'digest of subject\napp\nhttps://id');
});

test('a subject never equals an address', (t) => {
  const request = from('192.0.2.7');
  const caller = { issuer: '', subject: '192.0.2.7', scopes: new Set<string>() };
  const same = (text: string) => text;
  t.not(clientKeyOf({ request, caller }, same), clientKeyOf({ request, caller: undefined }, same));
});

test('equal subjects of two issuers are two callers', (t) => {
  const request = from('192.0.2.7');
  const keyOf = (issuer: string) =>
    clientKeyOf({ request, caller: { issuer, subject: 'app', scopes: new Set() } }, (text) => text);
  t.not(keyOf('https://one'), keyOf('https://two'));
});

test('bad tokens count by address, apart from requests without a token', (t) => {
  const request = from('192.0.2.7');
  const same = (text: string) => text;
  t.is(guesserKeyOf(request, same), 'guesser\n192.0.2.7');
  t.not(guesserKeyOf(request, same), clientKeyOf({ request, caller: undefined }, same));
});
