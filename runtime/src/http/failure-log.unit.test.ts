import { mock } from 'node:test';
import test from 'ava';
import { AppError } from '../errors.ts';
import { createFailureLog } from './failure-log.ts';

type Line = { readonly error: unknown; readonly traceId: string; readonly faults: number };

function createLog() {
  const lines: Line[] = [];
  const error = (fields: object) => void lines.push(fields as Line);
  return { lines, log: createFailureLog({ error }) };
}

test.before(() => mock.timers.enable({ apis: ['setTimeout'] }));
test.after.always(() => mock.timers.reset());

const down = () => new AppError('store-unavailable', { cause: new Error('away') });

test.serial(
  'failures of one kind are one line at once, and one a second with their number',
  (t) => {
    const { lines, log } = createLog();
    const cause = new Error('away');
    for (let n = 0; n < 500; n += 1) {
      log.note(new AppError('store-unavailable', { cause }), `trace-${n}`);
    }
    t.deepEqual(
      lines.map(({ traceId, faults }) => [traceId, faults]),
      [['trace-0', 1]],
    );
    mock.timers.tick(1_000);
    t.deepEqual([lines[1]?.traceId, lines[1]?.faults], ['trace-499', 499]);
    mock.timers.tick(1_000);
    log.note(new AppError('store-unavailable', { cause }), 'later');
    t.is(lines.length, 3);
    t.is(lines[2]?.faults, 1);
  },
);

test.serial('a kind is told apart by code, cause and place', (t) => {
  const { lines, log } = createLog();
  for (let n = 0; n < 10; n += 1) log.note(down(), 'a');
  for (let n = 0; n < 10; n += 1)
    log.note(new AppError('internal', { cause: new Error('x') }), 'b');
  for (let n = 0; n < 10; n += 1)
    log.note(new AppError('internal', { cause: new Error('y') }), 'c');
  t.is(lines.length, 3);
});

test.serial('kinds without end are counted by their code', (t) => {
  const { lines, log } = createLog();
  for (let n = 0; n < 5_000; n += 1) {
    log.note(new AppError('internal', { cause: Object.assign(new Error('x'), { code: n }) }), 'a');
  }
  t.is(lines.length, 51);
});

test.serial('what a client asked for is no failure', (t) => {
  const { lines, log } = createLog();
  for (const code of ['overloaded', 'log-full', 'projection-lagging', 'account-parked'] as const) {
    log.note(new AppError(code), 'a');
  }
  t.deepEqual(lines, []);
});

test.serial('the end writes what is left', (t) => {
  const { lines, log } = createLog();
  for (let n = 0; n < 3; n += 1) log.note(new AppError('log-unavailable'), 'a');
  log[Symbol.dispose]();
  t.deepEqual(
    lines.map(({ faults }) => faults),
    [1, 2],
  );
});
