import test from 'ava';
import { parseStartArguments } from './arguments.ts';

test('starts one process of each service and keeps the data by default', (t) => {
  t.deepEqual(parseStartArguments([]), {
    profile: 'local',
    fresh: false,
    scale: { 'command-api': 1, projector: 1, 'query-api': 1, mailer: 1 },
    telemetry: false,
    help: false,
  });
});

test('accepts --scale more than once', (t) => {
  const { scale, fresh, telemetry } = parseStartArguments([
    '--fresh',
    '--telemetry',
    '--scale',
    'command-api=2',
    '--scale=query-api=3',
  ]);
  t.true(fresh);
  t.true(telemetry);
  t.deepEqual(scale, { 'command-api': 2, projector: 1, 'query-api': 3, mailer: 1 });
});

test('refuses an unknown option with a hint', (t) => {
  t.throws(() => parseStartArguments(['--frsh']), { message: /--help/ });
});

test('refuses an unknown profile', (t) => {
  t.throws(() => parseStartArguments(['--profile', 'prod']), { message: /local, test/ });
});
