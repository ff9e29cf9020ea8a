import { subjects } from '@zameni/contracts';
import { createMemoryLog, createTestDatabase } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { adoptLog } from './adopt.ts';

const HEAD = 3;
const { signal } = new AbortController();

/** A log of a few records, the tables, and a run of the command that counts new incarnations. */
async function start(t: ExecutionContext) {
  const { pool } = await createTestDatabase(t);
  const log = createMemoryLog();
  for (let n = 0; n < HEAD; n += 1) {
    const subject = subjects.mailWish(`wish-${n}`);
    await log.append([{ subject, data: '{}', expectedPosition: 0 }], signal);
  }
  let renewed = 0;
  const deps = { log, pool, pollMs: 5, stuckMs: 300, renewIncarnation: async () => (renewed += 1) };
  const run = (onStep: (step: string) => unknown = () => undefined, isForced = false) => {
    const ending = new AbortController();
    const reportStep = (step: string) => void (onStep(step) === 'end' && ending.abort());
    return adoptLog(deps, { signal: ending.signal, reportStep, isForced });
  };
  const setCheckpoint = (state: string, position: number, isOfOtherLog: boolean) =>
    pool.query(
      `update zameni.checkpoints set position = $2, is_of_other_log = $3
       where projection = 'accounts'
         and version = (select max(version) from zameni.read_models where state = $1)`,
      [state, position, isOfOtherLog],
    );
  return { run, setCheckpoint, renewed: () => renewed };
}

const whileFilling = (step: string) => (step.startsWith('filling') ? 'end' : undefined);

test('a log that the read models are of keeps its incarnation, unless it is forced', async (t) => {
  const { run, setCheckpoint, renewed } = await start(t);
  await setCheckpoint('live', HEAD, false);
  const nothing = { isIncarnationNew: false, version: null, mailsAfter: null, erasedBefore: [] };
  t.deepEqual(await run(), nothing);
  t.is(renewed(), 0);
  t.deepEqual(await run(undefined, true), { ...nothing, isIncarnationNew: true });
  t.is(renewed(), 1);
});

test('another log gets one incarnation, however often the command is interrupted', async (t) => {
  const { run, setCheckpoint, renewed } = await start(t);
  await setCheckpoint('live', HEAD - 1, true);
  for (let n = 0; n < 3; n += 1) {
    await t.throwsAsync(run(whileFilling), { name: 'AbortError' });
    t.is(renewed(), 1);
  }
  // A third log was put back meanwhile.
  await setCheckpoint('kept', 1, true);
  await t.throwsAsync(run(whileFilling), { name: 'AbortError' });
  t.is(renewed(), 2);
  const fill = () => void setCheckpoint('kept', HEAD, false);
  t.like(await run((step) => step.startsWith('filling') && fill()), { isIncarnationNew: false });
  t.is(renewed(), 2);
  t.like(await run(), { isIncarnationNew: false, version: null });
  t.is(renewed(), 2);
});

test('a version that readers cannot be switched to is given up', async (t) => {
  const { run, setCheckpoint } = await start(t);
  await setCheckpoint('live', HEAD - 1, true);
  const fill = async () => {
    await setCheckpoint('kept', HEAD, false);
    // Then the new one is behind, for ever.
    await setCheckpoint('live', HEAD + 1, true);
  };
  const running = run((step) => step.startsWith('filling') && void fill());
  await t.throwsAsync(running, { message: /could not be switched/ });
});
