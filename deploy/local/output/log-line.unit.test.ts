import test from 'ava';
import { readLogLine } from './log-line.ts';

test('shortens a JSON line to its level and message', (t) => {
  t.deepEqual(readLogLine('{"level":30,"time":1,"msg":"listening"}'), {
    text: 'info: listening',
    isWarning: false,
  });
});

test('shows the causes of an error, down to the first one', (t) => {
  const line = JSON.stringify({
    level: 50,
    msg: 'start failed',
    err: { message: 'no log', cause: { message: 'connection refused' } },
  });
  t.deepEqual(readLogLine(line), {
    text: 'error: start failed (no log: connection refused)',
    isWarning: true,
  });
});

test('understands levels given as names', (t) => {
  t.true(readLogLine('{"level":"warn","msg":"slow"}').isWarning);
});

test('shows every other line unchanged', (t) => {
  t.deepEqual(readLogLine('TypeError: x'), { text: 'TypeError: x', isWarning: true });
  t.deepEqual(readLogLine('{not json'), { text: '{not json', isWarning: true });
});
