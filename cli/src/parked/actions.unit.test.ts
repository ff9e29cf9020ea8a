import type { ParkedSubject } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { parseArguments } from '../framework/arguments.ts';
import { UsageError } from '../framework/command.ts';
import type { Interrupts } from '../framework/interrupts.ts';
import { createMemoryIo } from '../framework/io.fixture.ts';
import { type Action, prepare } from './actions.ts';
import { parkedCommand } from './command.ts';
import { createMemoryPort, failsAgain, neverTries, parkedAt, succeeds } from './port.fixture.ts';
import { OutcomeReport, ParkedReport } from './reports.ts';

const interrupts: Interrupts = {
  signal: new AbortController().signal,
  exitStatus: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** Runs an action with its words on a port in memory. */
async function run(
  line: string,
  parked: readonly ParkedSubject[],
  attempt: Parameters<typeof createMemoryPort>[1] = succeeds,
) {
  const io = createMemoryIo();
  const { port, requests } = createMemoryPort(parked, attempt);
  const args = parseArguments(parkedCommand, line.split(' '));
  const status = await prepare(args.operand as Action, args, io)(port, interrupts);
  return { status, requests, out: io.out(), err: io.err() };
}

const account = parkedAt(7, { waiting: 3, lastPosition: 12 });
const other = parkedAt(9, { reason: 'rejected', detail: '22001', traceId: 'a'.repeat(32) });
const attempt = { ...parkedAt(7, { position: 8 }), subject: `zameni.attempt.${account.id}` };
const all = [account, attempt, other];

test('ls prints a table with a line for each', async (t) => {
  const { status, out } = await run('ls', all);
  t.is(status, 0);
  t.is(
    out,
    `reason       since                     waiting  position  id
undecodable  2026-03-04T05:06:07.089Z  3        7         ${account.id}
undecodable  2026-03-04T05:06:07.089Z  1        8         ${account.id}
rejected     2026-03-04T05:06:07.089Z  1        9         ${other.id}
`,
  );
  t.is((await run('ls', [])).out, 'Nothing is parked.\n');
});

test('ls filters, and prints a document for programs', async (t) => {
  const { out } = await run('ls --reason rejected --json', all);
  const report: unknown = JSON.parse(out);
  t.true(Value.Check(ParkedReport, report));
  t.deepEqual(report, { parked: [other] });
  const { out: ofId } = await run(`ls --id ${account.id} --projection accounts --json`, all);
  t.deepEqual(JSON.parse(ofId), { parked: [account, attempt] });
});

test('show explains everything that is parked under an id', async (t) => {
  const { status, out } = await run(`show ${other.id}`, all);
  t.is(status, 0);
  t.regex(out, /^subject +zameni\.account\./);
  t.regex(out, /^reason +rejected: Postgres refuses/m);
  t.regex(out, /^detail +22001$/m);
  t.regex(out, /^trace +a{32}$/m);
  t.is((await run(`show ${account.id}`, all)).out.match(/^subject /gm)?.length, 2);
  await t.throwsAsync(run('show nobody', all), { code: 'not-parked' });
});

test('show does not let a subject control the terminal', async (t) => {
  const { out } = await run('show x', [parkedAt(7, { id: 'x', subject: 'zameni.account.\u001b' })]);
  t.false(out.includes('\u001b'));
});

test('redrive waits until everything is applied', async (t) => {
  const { status, out, requests } = await run(`redrive ${account.id} ${other.subject}`, all);
  t.is(status, 0);
  t.deepEqual(requests, [`redrive ${account.id}`, `redrive ${other.subject}`]);
  t.is(out.match(/^done +- /gm)?.length, 3);
  t.regex(out, /\n\n3 done\n$/);
});

test('redrive fails if something is parked again, and says why', async (t) => {
  const { status, out } = await run(`redrive ${other.id}`, all, failsAgain);
  t.is(status, 1);
  t.regex(out, /^parked-again +fold-failed +109 /);
});

test('redrive fails if no projector tries it in time, and does not wait if not asked to', async (t) => {
  const waited = await run(`redrive ${other.id} --wait 1 --json`, all, neverTries);
  t.is(waited.status, 1);
  t.regex(waited.err, /^Waiting for the projector\n$/);
  const report: unknown = JSON.parse(waited.out);
  t.true(Value.Check(OutcomeReport, report));
  t.like(report, { isDryRun: false, subjects: [{ id: other.id, outcome: 'not-done' }] });
  const { status, out } = await run(`redrive ${other.id} --wait 0`, all, neverTries);
  t.is(status, 0);
  t.regex(out, /^requested /);
});

test('redrive of an id that is not parked fails, and the others are redriven', async (t) => {
  const { status, out } = await run(`redrive nobody ${other.id}`, all);
  t.is(status, 1);
  t.regex(out, /^done +- +9 /m);
  t.regex(out, /^not-parked +- +- +nobody$/m);
});

test('redrive --all takes each subject once, of one reason if asked', async (t) => {
  const twice = [account, { ...account, version: 2 }, other];
  const { status, requests } = await run('redrive --all', twice);
  t.is(status, 0);
  t.deepEqual(requests, [`redrive ${account.subject}`, `redrive ${other.subject}`]);
  const some = await run('redrive --all --reason rejected', all);
  t.deepEqual(some.requests, [`redrive ${other.subject}`]);
  t.is((await run('redrive --all', [])).out, 'Nothing is parked.\n');
});

test('a dry run changes nothing', async (t) => {
  for (const line of [
    'redrive --all --dry-run',
    `redrive ${account.id} ${other.id} --dry-run`,
    `discard ${account.id} --position 8 --reason lost-key --dry-run`,
  ]) {
    const { status, out, requests } = await run(line, all);
    t.is(status, 0);
    t.deepEqual(requests, []);
    t.regex(out, /^untouched /);
  }
  const missing = await run('redrive nobody --dry-run', all);
  t.is(missing.status, 1);
});

test('discard names the record that is parked, and waits for what is behind it', async (t) => {
  const { status, out, requests } = await run(`discard ${other.id} --reason lost-key`, all);
  t.is(status, 0);
  t.deepEqual(requests, [`discard ${other.id} 9 lost-key`]);
  t.regex(out, /^done /);
  const failed = await run(`discard ${other.id} --reason lost-key`, all, failsAgain);
  t.is(failed.status, 1);
});

test('discard takes the position that show printed', async (t) => {
  const { requests } = await run(`discard ${account.id} --reason lost-key --position 8`, all);
  t.deepEqual(requests, [`discard ${account.id} 8 lost-key`]);
  const changed = `discard ${account.id} --reason lost-key --position 6 --dry-run`;
  await t.throwsAsync(run(changed, all), { code: 'park-changed' });
});

test('discard does not choose between several records', async (t) => {
  const error = await t.throwsAsync(run(`discard ${account.id} --reason lost-key`, all));
  t.like(error, { code: 'several-parked' });
  t.regex(error?.message ?? '', /at 7 and 8; name one/);
  await t.throwsAsync(run('discard nobody --reason lost-key', all), { code: 'not-parked' });
});

const refuses = test.macro<[string, RegExp]>({
  title: (_, line) => `refuses "${line}" before anything is sent`,
  exec: async (t, line, message) => {
    await t.throwsAsync(run(line, all), { instanceOf: UsageError, message });
  },
});
test(refuses, 'ls x', /takes no operand/);
test(refuses, 'ls --all', /ls does not take --all/);
test(refuses, 'ls --reason lost', /--reason cannot be "lost". It is one of: newer, undecodable/);
test(refuses, 'show', /show takes one id/);
test(refuses, 'show x y', /show takes one id/);
test(refuses, 'show x --reason rejected', /show does not take --reason/);
test(refuses, 'redrive', /takes ids, or --all/);
test(refuses, 'redrive x --all', /takes ids, or --all/);
test(refuses, 'redrive x --reason rejected', /needs --all/);
test(refuses, 'redrive --all --wait 3601', /--wait takes 0 to 3600/);
test(refuses, 'discard x', /discard takes --reason/);
test(refuses, 'discard x --reason TheirName', /discard takes --reason/);
test(refuses, 'discard x y --reason lost-key', /discard takes one id/);
test(refuses, 'discard x --reason lost-key --position 0', /--position takes 1 to/);
test(refuses, 'lose', /<action> cannot be "lose"/);
