import test from 'ava';
import { passProxyOnLoopback } from './loopback-proxy.ts';

const passes = test.macro((t, before: NodeJS.ProcessEnv, after: NodeJS.ProcessEnv) => {
  const environment = { ...before };
  passProxyOnLoopback(environment);
  t.deepEqual(environment, after);
});

const loopback = '127.0.0.1,localhost,::1,[::1]';
test('the machine itself passes the proxy', passes, {}, { NO_PROXY: loopback });
test(
  'what passed before still does',
  passes,
  { NO_PROXY: '.corp.example, localhost' },
  { NO_PROXY: '.corp.example,localhost,127.0.0.1,::1,[::1]' },
);
test(
  'the name that programs prefer is used',
  passes,
  { no_proxy: 'corp.example', NO_PROXY: 'other.example' },
  { no_proxy: `corp.example,${loopback}`, NO_PROXY: 'other.example' },
);
test(
  'an environment without a proxy for any host stays',
  passes,
  { no_proxy: '*' },
  { no_proxy: '*' },
);
