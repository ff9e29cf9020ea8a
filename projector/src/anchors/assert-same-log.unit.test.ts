import { subjects } from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { addAnchors } from './anchor.ts';
import { assertSameLog, LogMismatchError } from './assert-same-log.ts';

const { signal } = new AbortController();
const lookMs = 1;

/** A log with events of as many people, each the only one on its subject. */
async function logOf(people: number) {
  const log = createMemoryLog();
  for (let n = 1; n <= people; n += 1) {
    const subject = subjects.account(`${n}`);
    await log.append([{ subject, data: '{}', expectedPosition: 0 }], signal);
  }
  return log;
}

async function readAll(log: Awaited<ReturnType<typeof logOf>>) {
  const bounds = { filters: [], after: 0, maxRecords: 100, maxBytes: 1024 };
  for await (const batch of log.readBatches(bounds, signal)) {
    return { position: batch.at(-1)?.position ?? 0, anchors: addAnchors([], batch) };
  }
  throw new Error('the log is empty');
}

const isMismatch = { instanceOf: LogMismatchError };

test('the log that was read is known again, also when it is longer', async (t) => {
  const log = await logOf(9);
  const read = await readAll(log);
  t.is(await assertSameLog({ log, lookMs }, read, signal), 9);
  await log.append([{ subject: 'zameni.claim.a', data: '', expectedPosition: 0 }], signal);
  t.is(await assertSameLog({ log, lookMs }, read, signal), 10);
});

test('a log that ends before what was read is another one', async (t) => {
  const read = await readAll(await logOf(9));
  const error = await t.throwsAsync(assertSameLog({ log: await logOf(4), lookMs }, read, signal));
  t.true(error instanceof LogMismatchError);
  t.regex(error?.message ?? '', /^9 was read, and the log ends at 4; see ".+" in deploy/);
  // Also if the position was set back.
  const reset = { ...read, position: 0 };
  await t.throwsAsync(assertSameLog({ log: await logOf(4), lookMs }, reset, signal), isMismatch);
});

test('a log with other records at the positions is another one', async (t) => {
  const read = await readAll(await logOf(9));
  await t.throwsAsync(assertSameLog({ log: await logOf(12), lookMs }, read, signal), isMismatch);
});

test('records that are deleted say nothing, and the newest that is left decides', async (t) => {
  const log = await logOf(9);
  const read = await readAll(log);
  for (const n of ['8', '9']) await log.deleteUpTo(subjects.account(n), 9, signal);
  t.is(await assertSameLog({ log, lookMs }, read, signal), 9);
  const other = await logOf(9);
  for (const n of ['8', '9']) await other.deleteUpTo(subjects.account(n), 9, signal);
  await t.throwsAsync(assertSameLog({ log: other, lookMs }, read, signal), isMismatch);
});

test('a leader that knows its newest records a moment later is believed', async (t) => {
  const log = await logOf(9);
  const read = await readAll(log);
  const heads = [4, 4];
  const late = { ...log, head: async () => heads.shift() ?? 9 };
  t.is(await assertSameLog({ log: late, lookMs }, read, signal), 9);
});
