import test from 'ava';
import { Value } from 'typebox/value';
import { parseArguments } from '../framework/arguments.ts';
import { CommandError, UsageError } from '../framework/command.ts';
import { createMemoryIo } from '../framework/io.fixture.ts';
import { report, toAction } from './actions.ts';
import { rebuildCommand } from './command.ts';
import { comparison, createMemoryPort, versionOf } from './port.fixture.ts';
import { RebuildReport } from './reports.ts';

const { signal } = new AbortController();

const live = versionOf(1);

/** Runs the command with its options on a port in memory. */
async function run(line: string, { port, requests }: ReturnType<typeof createMemoryPort>) {
  const io = createMemoryIo();
  const args = parseArguments(
    rebuildCommand,
    line.split(' ').filter((word) => word !== ''),
  );
  const watch = { signal, pollMs: 1, stuckMs: 40 };
  const done = toAction(args, io)(port, watch);
  const status = await report(done, { isJson: args.has('json'), io });
  return { status, requests, out: io.out(), err: io.err() };
}

const filled = [
  {},
  { carriedPosition: 40 },
  { position: 50 },
  { position: 100, comparison: { ...comparison, isDone: false, isEqual: true } },
];

test('begins a rebuild and watches it until readers see it', async (t) => {
  const setup = createMemoryPort([live], [...filled, { state: 'live' }]);
  const { status, requests, out, err } = await run('', setup);
  t.is(status, 0);
  t.deepEqual(requests, ['start all']);
  t.regex(out, /^done Readers see version 7 of the read models\.$/m);
  t.regex(out, /^Copied .*, up to position 40:\n {2}counts of accepted registrations, as/m);
  t.deepEqual(err.split('\n').slice(0, 3), [
    'copying what the log does not keep',
    'filling from the log',
    'comparing with the live version',
  ]);
});

test('fills some read models only, each named once', async (t) => {
  const setup = createMemoryPort([live], [{ state: 'live' }]);
  t.deepEqual((await run('--read-models attempts,users', setup)).requests, [
    'start users,attempts',
  ]);
  for (const names of ['people', 'users,people', 'users,users', 'users,']) {
    await t.throwsAsync(run(`--read-models ${names}`, createMemoryPort([live])), {
      instanceOf: UsageError,
    });
  }
});

test('attaches to the rebuild under way', async (t) => {
  const built = versionOf(5, { state: 'building' });
  const setup = createMemoryPort([live, built], [{}, { state: 'live' }]);
  const { status, requests } = await run('', setup);
  t.is(status, 0);
  t.deepEqual(requests, []);
  const error = await t.throwsAsync(run('--read-models users', createMemoryPort([live, built])), {
    instanceOf: CommandError,
    code: 'rebuild-state',
  });
  t.regex(error?.message ?? '', /^version 5 is under way: .*--cancel ends it$/);
});

test('a version that differs already is shown again, and nothing is begun', async (t) => {
  const setup = createMemoryPort([live, versionOf(5, { state: 'differs', comparison })]);
  const { status, requests, out } = await run('', setup);
  t.is(status, 1);
  t.deepEqual(requests, []);
  t.regex(out, /^differs Version 5 /m);
});

test('of two commands that begin at once, one gets the refusal of the projector', async (t) => {
  const { port, requests } = createMemoryPort([live]);
  const start = async () => {
    throw new CommandError('rebuild-state', 'refused');
  };
  await t.throwsAsync(run('', { port: { ...port, start }, requests }), { code: 'rebuild-state' });
});

test('what differs is shown, and fails', async (t) => {
  const setup = () => createMemoryPort([live], [...filled, { state: 'differs', comparison }]);
  const { status, out } = await run('', setup());
  t.is(status, 1);
  t.regex(out, /^users +1000 +1 +0 +2$/m);
  t.regex(out, /^users: other values\n {2}display_name in 2$/m);
  t.regex(out, /^users: columns of one version\n {2}phone$/m);
  t.regex(out, /--accept REASON/);
  t.regex(out, /01980000-0000-7000-8000-000000000001/);
  t.false(out.includes('\u001b'));
  const { out: json } = await run('--json', setup());
  const document: unknown = JSON.parse(json);
  t.true(Value.Check(RebuildReport, document));
  t.like(document, { outcome: 'differs' });
});

test('differences are accepted with one word as the reason', async (t) => {
  const differs = versionOf(3, { state: 'differs', comparison });
  const { status, requests } = await run('--accept new-fold', createMemoryPort([live, differs]));
  t.is(status, 0);
  t.deepEqual(requests, ['accept 3 new-fold']);
  await t.throwsAsync(run('--accept x', createMemoryPort([live])), { code: 'rebuild-state' });
  const free = parseArguments(rebuildCommand, ['--accept', 'Because of Ada']);
  t.throws(() => toAction(free, createMemoryIo()), { instanceOf: UsageError });
});

test('back goes to the version that was live last', async (t) => {
  const older = versionOf(2, { state: 'kept', changedAt: '2026-11-01T00:00:00.000Z' });
  const newer = versionOf(1, { state: 'kept', changedAt: '2026-11-02T00:00:00.000Z' });
  const setup = createMemoryPort([newer, older, versionOf(3)]);
  const { requests, out } = await run('--back', setup);
  t.deepEqual(requests, ['switch 1']);
  t.is(out, 'Readers see version 1 again.\n');
  await t.throwsAsync(run('--back', createMemoryPort([live])), { code: 'rebuild-state' });
});

test('drops what is kept, and cancels what is built', async (t) => {
  const kept = [versionOf(1, { state: 'kept' }), versionOf(2, { state: 'kept' })];
  const built = versionOf(4, { state: 'building' });
  const dropped = await run('--drop-old', createMemoryPort([...kept, versionOf(3), built]));
  t.deepEqual(dropped.requests, ['drop 1', 'drop 2']);
  t.is((await run('--drop-old', createMemoryPort([live]))).out, 'No version is kept.\n');
  const cancelled = await run('--cancel', createMemoryPort([live, built]));
  t.deepEqual(cancelled.requests, ['drop 4']);
  await t.throwsAsync(run('--cancel', createMemoryPort([live])), { code: 'rebuild-state' });
});

test('options that contradict each other are refused before anything is sent', (t) => {
  for (const line of [
    '--back --drop-old',
    '--cancel --accept x',
    '--read-models users --back',
    '--wait 3 --cancel',
    '--wait soon',
    '--wait 86401',
  ]) {
    const args = parseArguments(rebuildCommand, line.split(' '));
    t.throws(() => toAction(args, createMemoryIo()), { instanceOf: UsageError });
  }
});

test('a rebuild that is cancelled by somebody, or stands still, is an error', async (t) => {
  const cancelled = createMemoryPort([live], [{}, { state: 'dropped' }]);
  await t.throwsAsync(run('', cancelled), { instanceOf: CommandError, code: 'rebuild-cancelled' });
  await t.throwsAsync(run('', createMemoryPort([live])), { code: 'no-progress' });
});

test('waits as long as it is told to, and the rebuild goes on', async (t) => {
  const requested = await run('--wait 0', createMemoryPort([live]));
  t.is(requested.status, 0);
  t.deepEqual(requested.requests, ['start all']);
  t.is(requested.out, 'Version 7 is being built: npx zameni rebuild watches it.\n');
  const left = await run('--wait 1 --json', createMoving());
  t.is(left.status, 1);
  t.deepEqual(left.requests, ['start all']);
  t.like(JSON.parse(left.out), { outcome: 'not-done', versions: [{ state: 'building' }] });
});

/** A port at which a rebuild moves on for ever. */
function createMoving() {
  const steps = Array.from({ length: 10_000 }, (_, n) => ({ carriedPosition: 1, position: n }));
  return createMemoryPort([live], steps);
}

test('attaches to a rebuild that began meanwhile, unless it may fill something else', async (t) => {
  const createRace = () => {
    const { port, requests } = createMemoryPort([live], [{ state: 'building' }, { state: 'live' }]);
    const start: typeof port.start = async (readModels) => {
      // The answer of the projector that began it was lost.
      await port.start(readModels);
      throw new CommandError('rebuild-state', 'A rebuild is under way');
    };
    return { port: { ...port, start }, requests };
  };
  t.is((await run('', createRace())).status, 0);
  await t.throwsAsync(run('--read-models users', createRace()), { code: 'rebuild-state' });
});
