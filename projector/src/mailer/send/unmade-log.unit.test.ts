import { mock } from 'node:test';
import test from 'ava';
import { createUnmadeLog } from './unmade-log.ts';

test.serial('mails of one fault are one line at once, and one a second with their number', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const lines: unknown[] = [];
  using log = createUnmadeLog({ error: (fields: object) => void lines.push(fields) });
  const error = new Error('the log is away');
  for (let n = 1; n <= 200; n += 1) log.note({ id: n, cause: 'registered' }, error);
  t.like(lines, [{ mail: 1, mailCause: 'registered', error, faults: 1 }]);
  mock.timers.tick(1_000);
  t.like(lines[1], { mail: 200, faults: 199 });
  log.note({ id: 201, cause: 'registered' }, new TypeError('another'));
  t.is(lines.length, 3);
});
