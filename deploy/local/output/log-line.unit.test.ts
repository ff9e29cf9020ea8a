import test from 'ava';
import { toReadableLine } from './log-line.ts';

const lineOf = (entry: object) =>
  JSON.stringify({ '@timestamp': '2026-01-01T12:00:00.000Z', 'service.name': 'x', ...entry });

test('shortens a line of ours to its level, message and fields', (t) => {
  const line = lineOf({
    'log.level': 'info',
    'event.code': 'work-active',
    'zameni.lease.work': 'projection of version 1',
    'zameni.log.position': 12,
    'trace.id': '0af7651916cd43dd8448eb211c80319c',
    message: 'work is active',
  });
  t.deepEqual(toReadableLine(line), {
    text: 'info: work is active position=12 work="projection of version 1"',
    isWarning: false,
    isRequest: false,
  });
});

test('shows the causes of an error, down to the first one', (t) => {
  const line = lineOf({
    'log.level': 'error',
    'error.type': 'Error',
    'error.message': 'no log',
    'error.stack_trace': 'Error\n    at start',
    'zameni.error.causes': ['ECONNREFUSED: connection refused'],
    message: 'service failed',
  });
  t.deepEqual(toReadableLine(line), {
    text: 'error: service failed (no log: ECONNREFUSED: connection refused)',
    isWarning: true,
    isRequest: false,
  });
});

test('shows a request as method, route, status and time', (t) => {
  const line = lineOf({
    'log.level': 'info',
    'http.request.method': 'GET',
    'http.route': '/v1/users/{id}',
    'http.response.status_code': 200,
    'event.duration': 1_234_567,
    'zameni.sample.rate': 0.01,
    message: 'request answered',
  });
  t.deepEqual(toReadableLine(line), {
    text: 'info: request answered GET /v1/users/{id} 200 1.2 ms sampleRate=0.01',
    isWarning: false,
    isRequest: true,
  });
});

test('understands the lines of other programs', (t) => {
  t.deepEqual(toReadableLine('{"level":"info","ts":1,"msg":"listening"}'), {
    text: 'info: listening',
    isWarning: false,
    isRequest: false,
  });
  t.true(toReadableLine('{"level":"warn","msg":"slow"}').isWarning);
  t.is(
    toReadableLine('{"level":"error","msg":"failed","error":"no disk"}').text,
    'error: failed (no disk)',
  );
});

test('shows every other line unchanged', (t) => {
  for (const text of ['TypeError: x', '{not json']) {
    t.deepEqual(toReadableLine(text), { text, isWarning: true, isRequest: false });
  }
});
