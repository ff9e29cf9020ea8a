import test from 'ava';
import { Type } from 'typebox';
import { ConfigError, loadConfig } from '../process/config.ts';
import { parsePolicy, rateLimitVariable } from './policy.ts';

test('reads requests per seconds', (t) => {
  t.deepEqual(parsePolicy('600/60'), { quota: 600, windowSeconds: 60 });
  t.deepEqual(parsePolicy('999999999/99999'), { quota: 999_999_999, windowSeconds: 99_999 });
});

test('off is a policy', (t) => {
  t.is(parsePolicy('off'), 'off');
});

const faults = ['', '600', '600/', '/60', '0/60', '600/0', '-1/60', '1.5/60', '600/100000', 'OFF'];
for (const text of [...faults, ' 600/60', '600/60\n', '600 / 60', '600/60/1']) {
  test(`refuses ${JSON.stringify(text)} and shows the form of a policy`, (t) => {
    const error = t.throws(() => parsePolicy(text), { instanceOf: ConfigError });
    t.regex(error?.message ?? '', /for example 600\/60, or off/);
  });
}

const schema = Type.Object({ ZAMENI_LIMIT_CLIENT: rateLimitVariable('Of one client', '600/60') });

test('a variable has its preset, and accepts a policy', (t) => {
  t.is(loadConfig(schema, {}).ZAMENI_LIMIT_CLIENT, '600/60');
  t.is(loadConfig(schema, { ZAMENI_LIMIT_CLIENT: 'off' }).ZAMENI_LIMIT_CLIENT, 'off');
});

test('a variable without a policy is named with an example', (t) => {
  t.throws(() => loadConfig(schema, { ZAMENI_LIMIT_CLIENT: '600' }), {
    message: /ZAMENI_LIMIT_CLIENT is not valid: Of one client: .* for example 600\/60/,
  });
});
