import test from 'ava';
import { judgeStop } from './bad-stop.ts';

const stop = { signal: 'SIGTERM', deadlineMs: 15_000 } as const;
const service = { name: 'api', stop, mustDrain: true };
const server = { name: 'redis', stop, mustDrain: false };
const drained = { code: 0, signal: null, isForced: false, wasReady: true, log: 'api.log' };
const killed = { ...drained, code: null, signal: 'SIGKILL', isForced: true } as const;

test('an exit with code 0 is not reported', (t) => {
  t.is(judgeStop(service, drained), null);
});

test('a service that fails its drain fails the stack', (t) => {
  t.deepEqual(judgeStop(service, { ...drained, code: 1 }), {
    message: 'api failed to drain (exit code 1). Its log: api.log',
    isFailure: true,
  });
});

test('a service that dies of a signal fails the stack', (t) => {
  t.true(judgeStop(service, { ...drained, code: null, signal: 'SIGTERM' })?.isFailure);
});

test('a service that must be killed fails the stack, ready or not', (t) => {
  t.like(judgeStop(service, killed), { isFailure: true });
  t.like(judgeStop(service, { ...killed, wasReady: false }), { isFailure: true });
});

test('an interrupted start of a service may end in any way', (t) => {
  t.is(judgeStop(service, { ...drained, code: 1, wasReady: false }), null);
});

test('the exit code of a server does not count', (t) => {
  t.is(judgeStop(server, { ...drained, code: 1 }), null);
});

test('a server that must be killed is reported and fails nothing', (t) => {
  t.deepEqual(judgeStop(server, killed), {
    message: 'redis was killed, it did not stop within 15 s. Its log: api.log',
    isFailure: false,
  });
});
