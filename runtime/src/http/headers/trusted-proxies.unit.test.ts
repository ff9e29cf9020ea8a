import test from 'ava';
import { Type } from 'typebox';
import { clientNetworkOf } from '../../limits/client-key.ts';
import { ConfigError, loadConfig } from '../../process/config.ts';
import { createSilentLogger } from '../../testing/silent-logger.ts';
import { createHttpApp } from '../app.ts';
import { parseTrustedProxies, proxiesConfig, type TrustedProxies } from './trusted-proxies.ts';

const load = (text: string) =>
  loadConfig(Type.Object(proxiesConfig), { ZAMENI_TRUSTED_PROXIES: text });

test('takes addresses, networks or a number of hops', (t) => {
  for (const text of ['127.0.0.1', '127.0.0.1,10.0.0.0/8', '::1,2001:db8::/32', '0', '2']) {
    t.deepEqual(load(text), { ZAMENI_TRUSTED_PROXIES: text }, text);
  }
  t.deepEqual(parseTrustedProxies('127.0.0.1,10.0.0.0/8'), ['127.0.0.1', '10.0.0.0/8']);
  t.is(parseTrustedProxies('2'), 2);
  t.deepEqual(parseTrustedProxies(undefined), []);
});

test('refuses everything else, and networks that are everybody', (t) => {
  const bad = ['*', 'all', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/8/8', 'fe80::1%eth0', '9'];
  for (const text of [...bad, '127.0.0.1,', 'proxy.example', '-1', '127.0.0.1 ']) {
    t.throws(() => load(text), { instanceOf: ConfigError }, text);
  }
});

const counts = test.macro<[TrustedProxies | undefined, string, string | undefined, string]>({
  title: (_, proxies, peer, forwarded, network) =>
    `behind ${JSON.stringify(proxies)}, ${forwarded} from ${peer} counts as ${network}`,
  exec: async (t, trustedProxies, remoteAddress, forwarded, network) => {
    const app = createHttpApp({
      logger: createSilentLogger(),
      checks: {},
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
    });
    t.teardown(() => app.close());
    app.get('/network', async (request) => ({ network: clientNetworkOf(request) }));
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const response = await app.inject({ url: '/network', remoteAddress, headers });
    t.deepEqual(response.json(), { network });
  },
});

test(counts, undefined, '192.0.2.9', '198.51.100.7', '192.0.2.9');
test(counts, [], '127.0.0.1', '198.51.100.7', '127.0.0.1');
test(counts, ['127.0.0.1'], '127.0.0.1', '198.51.100.7', '198.51.100.7');
test(counts, ['127.0.0.1'], '::ffff:127.0.0.1', '198.51.100.7', '198.51.100.7');
test(counts, ['127.0.0.1'], '192.0.2.9', '198.51.100.7', '192.0.2.9');
test(counts, ['127.0.0.1'], '127.0.0.1', '203.0.113.1, 198.51.100.7', '198.51.100.7');
test(counts, ['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', '198.51.100.7, 10.1.2.3', '198.51.100.7');
test(counts, ['127.0.0.1'], '127.0.0.1', "' or 1=1 --", '127.0.0.1');
test(counts, ['127.0.0.1'], '127.0.0.1', undefined, '127.0.0.1');
test(counts, 0, '127.0.0.1', '198.51.100.7', '127.0.0.1');
test(counts, 1, '192.0.2.9', '203.0.113.1, 198.51.100.7', '198.51.100.7');
test(counts, 2, '192.0.2.9', '203.0.113.1, 198.51.100.7, 10.0.0.1', '198.51.100.7');
test(counts, 2, '192.0.2.9', '198.51.100.7', '198.51.100.7');
