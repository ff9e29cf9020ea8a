import test from 'ava';
import { runCommand } from './command.ts';

test.serial('a command gets the environment of this process, or nothing of it', async (t) => {
  process.env['ZAMENI_SECRET_OF_A_TEST'] = 'of the operator';
  t.teardown(() => delete process.env['ZAMENI_SECRET_OF_A_TEST']);
  const show = ['/bin/sh', '-c', 'env'] as const;
  const open = await runCommand(show, { timeoutMs: 10_000 });
  t.true(open.output.includes('of the operator'));
  const hidden = await runCommand(show, {
    timeoutMs: 10_000,
    hidesEnvironment: true,
    env: { OWN: 'its own' },
  });
  t.false(hidden.output.includes('of the operator'));
  t.regex(hidden.output, /^PATH=/m);
  t.regex(hidden.output, /^OWN=its own$/m);
});
