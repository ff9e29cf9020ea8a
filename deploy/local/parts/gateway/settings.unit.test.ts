import test from 'ava';
import { StackError } from '../../output/stack-error.ts';
import { proxiesOfServices, readGatewaySettings } from './settings.ts';

test('no origin and no proxy is trusted without being named', (t) => {
  const settings = readGatewaySettings('local', { ZAMENI_CORS_ORIGINS: '' });
  t.like(settings, { origins: [], proxies: [] });
  t.truthy(settings.sources);
  t.is(readGatewaySettings('test', {}).sources, null);
});

test('takes origins as browsers write them', (t) => {
  const read = (text: string) =>
    readGatewaySettings('local', { ZAMENI_CORS_ORIGINS: text }).origins;
  t.deepEqual(read('https://app.example,http://127.0.0.1:5173'), [
    'https://app.example',
    'http://127.0.0.1:5173',
  ]);
  const bad = ['*', 'null', 'app.example', 'https://app.example/', 'https://app.example:443'];
  for (const text of [...bad, 'https://App.example', 'file:///x', ',']) {
    t.throws(() => read(text), { instanceOf: StackError }, text);
  }
});

test('names every fault at once', (t) => {
  const bad = { ZAMENI_CORS_ORIGINS: '*', ZAMENI_TRUSTED_PROXIES: 'proxy.example' };
  const { message } = t.throws(() => readGatewaySettings('local', bad)) ?? {};
  t.regex(message ?? '', /2 fault\(s\)[^]*ZAMENI_TRUSTED_PROXIES[^]*ZAMENI_CORS_ORIGINS/);
});

test('a service trusts the gateway, and what is before it', (t) => {
  t.is(proxiesOfServices({}), '127.0.0.1');
  t.is(proxiesOfServices({ ZAMENI_TRUSTED_PROXIES: '10.0.0.0/8' }), '127.0.0.1,10.0.0.0/8');
  t.is(proxiesOfServices({ ZAMENI_TRUSTED_PROXIES: '1' }), '2');
  t.is(proxiesOfServices({ ZAMENI_TRUSTED_PROXIES: '0' }), '1');
});

test('what a service would not take beside the gateway is refused', (t) => {
  const read = (text: string) => readGatewaySettings('local', { ZAMENI_TRUSTED_PROXIES: text });
  const networks = (count: number) => Array.from({ length: count }, (_, n) => `10.0.${n}.0/24`);
  for (const text of ['7', networks(63).join(',')]) t.notThrows(() => read(text), text);
  for (const text of ['8', networks(64).join(',')]) {
    t.throws(() => read(text), { instanceOf: StackError, message: /7 .+ 63 / }, text);
  }
});
