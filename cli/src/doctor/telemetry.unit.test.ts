import test from 'ava';
import type { Finding } from './report.ts';
import { judgeAlerts, judgeReceiver, judgeTargets } from './telemetry.ts';

const judges = test.macro<[() => Finding, 'ok' | 'warn' | 'fail', RegExp]>(
  (t, judge, level, found) => {
    const finding = judge();
    t.is(typeof finding === 'string' ? 'ok' : finding.level, level);
    t.regex(typeof finding === 'string' ? finding : finding.found, found);
    if (typeof finding !== 'string') t.not(finding.remedy, '');
  },
);

const target = (instance: string, health = 'up', lastError = '') => {
  return { labels: { job: 'x', instance }, health, lastError };
};
const targets = (...activeTargets: readonly object[]) => ({ data: { activeTargets } });
const expected = {
  expected: ['a', 'b'].map((instance) => {
    return { job: 'x', instance, url: '', process: `${instance}-exporter` };
  }),
  logs: 'logs',
};

test(
  'targets that are all up are ok',
  judges,
  () => judgeTargets(targets(target('a'), target('b')), expected),
  'ok',
  /2 of 2/,
);
test(
  'a target that is down is a warning with its name and the reason',
  judges,
  () => judgeTargets(targets(target('a'), target('b', 'down', 'refused')), expected),
  'warn',
  /no figures of b: refused/,
);
test('the remedy for a target is the log of its exporter', (t) => {
  const finding = judgeTargets(targets(target('b', 'down')), expected);
  t.is(typeof finding === 'string' ? finding : finding.remedy, 'tail -n 30 logs/b-exporter.log');
});
test(
  'a target that Prometheus does not know is a warning',
  judges,
  () => judgeTargets(targets(target('a')), expected),
  'warn',
  /1 of 2/,
);

const alerts = (...states: readonly string[]) => ({
  data: { alerts: states.map((state) => ({ labels: { alertname: 'Lag' }, state })) },
});
test('an alert that waits is ok', judges, () => judgeAlerts(alerts('pending'), ''), 'ok', /none/);
test(
  'an alert that fires is a warning, once for all its series',
  judges,
  () => judgeAlerts(alerts('firing', 'firing'), ''),
  'warn',
  /^firing: Lag$/,
);

const receiver = (dropped: number) => ({ file: { written: 7, dropped }, refused: 0 });
test('spans that are written are ok', judges, () => judgeReceiver(receiver(0), ''), 'ok', /7/);
test(
  'spans that were dropped are a warning',
  judges,
  () => judgeReceiver(receiver(3), 'tail'),
  'warn',
  /3 dropped/,
);

test('an answer of something else is an error', (t) => {
  t.throws(() => judgeTargets({ hello: 1 }, expected), { message: /Prometheus/ });
  t.throws(() => judgeAlerts([], ''), { message: /Prometheus/ });
  t.throws(() => judgeReceiver(null, ''), { message: /receiver/ });
});
