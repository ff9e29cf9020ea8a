import test from 'ava';
import { Fault } from '../../errors.ts';
import { toErrorFields } from './error.ts';
import { toLogText } from './text.ts';

const entry = { '@timestamp': '2026-01-01T12:00:00.123Z', 'log.level': 'info', message: 'm' };

test('a line on a terminal begins with the time of day, and levels are aligned', (t) => {
  t.regex(toLogText(entry, { time: true }), /^\d\d:00:00\.123 info:  m$/);
  t.regex(toLogText({ ...entry, 'log.level': 'error' }, { time: true }), / error: m$/);
});

test('a serious error has the places in our code, a warning its message only', (t) => {
  const fault = toErrorFields(new Fault('away', { cause: new Fault('refused') }));
  const lines = (level: string) =>
    toLogText({ ...entry, 'log.level': level, ...fault }, { time: true }).split('\n');
  t.regex(lines('warn').join(), / warn: {2}m \(away: refused\)$/);
  const [first = '', ...places] = lines('error');
  t.regex(first, / error: m \(away: refused\)$/);
  t.regex(places[1] ?? '', /^ {6}at .*text\.unit\.test\.ts:\d+/);
  t.false(places.join().includes('node:internal'));
});

test('a trace is shown where something went wrong', (t) => {
  const traced = { ...entry, 'trace.id': '0af7' };
  t.is(toLogText(traced, { time: false }), 'info: m');
  t.is(toLogText({ ...traced, 'log.level': 'warn' }, { time: false }), 'warn: m traceId=0af7');
});

test('an error whose message is withheld is named by its code or type', (t) => {
  const fault = toErrorFields(
    Object.assign(new Error('<vera@example.org>'), { code: 'EENVELOPE' }),
  );
  t.is(toLogText({ ...entry, ...fault }, { time: false }), 'info: m (EENVELOPE)');
});
