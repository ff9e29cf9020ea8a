import type { ExecutionContext, TestFn } from 'ava';
import { waitUntil } from '../testing/wait.ts';
import type { EventLog, LogMessage, LogRecord, ReadOptions } from './event-log.ts';
import { readToEnd } from './read/read-to-end.ts';
import { LogReadError } from './read/reader.ts';

/** Creates an empty log for one test, and the subject that stands for `name` in it. */
export type LogFixture = {
  readonly log: EventLog;
  readonly subject: (name: string) => string;
  readonly filter: string;
};

const signal = AbortSignal.timeout(600_000);

/** Times that a reader starts before a test fails. */
const MAX_STARTS = 5;

function message(subject: string, expectedPosition: number, data = '{}'): LogMessage {
  return { subject, data, expectedPosition };
}

/** The behaviour of every adapter of the event log. */
export function eventLogSuite(
  test: TestFn,
  adapter: string,
  createFixture: (t: ExecutionContext) => Promise<LogFixture>,
): void {
  const title = (text: string) => `event log on ${adapter}: ${text}`;

  test(title('an append assigns consecutive positions and returns the last'), async (t) => {
    const { log, subject } = await createFixture(t);
    const outcome = await log.append(
      ['a', 'b', 'c'].map((name) => message(subject(name), 0, `"${name}"`)),
      signal,
    );
    if (outcome.status !== 'appended') return t.fail(outcome.status);
    const records = await readLastOnceThere(log, [subject('a'), subject('b'), subject('c')]);
    t.deepEqual(
      ['a', 'b', 'c'].map((name) => records.get(subject(name))?.position),
      [outcome.lastPosition - 2, outcome.lastPosition - 1, outcome.lastPosition],
    );
    t.is(await log.head(signal), outcome.lastPosition);
  });

  test(title('a guard that does not hold rejects the whole append'), async (t) => {
    const { log, subject } = await createFixture(t);
    await log.append([message(subject('taken'), 0)], signal);
    const before = await log.head(signal);
    const outcome = await log.append(
      [message(subject('fresh'), 0), message(subject('taken'), 0)],
      signal,
    );
    t.deepEqual(outcome, { status: 'conflict' });
    t.is(await log.readFirst(subject('fresh'), signal), undefined);
    t.is(await log.head(signal), before);
  });

  test(title('a guard on the position read admits exactly the next message'), async (t) => {
    const { log, subject } = await createFixture(t);
    const first = await log.append([message(subject('a'), 0, '1')], signal);
    if (first.status !== 'appended') return t.fail(first.status);
    const second = await log.append([message(subject('a'), first.lastPosition, '2')], signal);
    t.is(second.status, 'appended');
    const third = await log.append([message(subject('a'), first.lastPosition, '3')], signal);
    t.is(third.status, 'conflict');
    t.is(textOf(await log.readLastFromLeader(subject('a'), signal)), '2');
    // Any replica may answer, and one may lag behind the append.
    await waitUntil(
      async () => textOf(await log.readLastFromReplica(subject('a'), signal)) === '2',
    );
    t.is(textOf(await log.readFirst(subject('a'), signal)), '1');
    t.is(textOf(await log.readFirst(subject('a'), signal, first.lastPosition)), '2');
  });

  test(title('the first record after a position is found by a filter too'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    t.is(await log.readFirst(filter, signal), undefined);
    const first = await log.append([message(subject('a'), 0, '1')], signal);
    const second = await log.append([message(subject('b'), 0, '2')], signal);
    if (first.status !== 'appended' || second.status !== 'appended') return t.fail();
    t.is(textOf(await log.readFirst(filter, signal)), '1');
    t.is(textOf(await log.readFirst(filter, signal, first.lastPosition)), '2');
    t.is(await log.readFirst(filter, signal, second.lastPosition), undefined);
  });

  test(title('reading to the end yields all records in order and ends'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const readAll = async (after: number) => {
      const texts: (string | undefined)[] = [];
      for await (const batch of readToEnd(log, { filter, after, maxRecords: 3 }, signal)) {
        t.true(batch.length <= 3);
        texts.push(...batch.map(textOf));
      }
      return texts;
    };
    t.deepEqual(await readAll(0), []);
    const all = ['0', '1', '2', '3', '4', '5', '6'];
    for (const text of all) await log.append([message(subject(text), 0, text)], signal);
    t.deepEqual(await readAll(0), all);
    t.deepEqual(await readAll(5), all.slice(5));
    t.deepEqual(await readAll(7), []);
  });

  test(title('exactly one of twenty concurrent appends succeeds, as a whole'), async (t) => {
    const { log, subject } = await createFixture(t);
    const appends = Array.from({ length: 20 }, (_, n) =>
      log.append(
        [message(subject('claim'), 0, `${n}`), message(subject(`own-${n}`), 0, `${n}`)],
        signal,
      ),
    );
    const outcomes = await Promise.all(appends);
    const winners = outcomes.flatMap((outcome, n) => (outcome.status === 'appended' ? [n] : []));
    t.is(winners.length, 1);
    t.is(textOf(await log.readFirst(subject('claim'), signal)), `${winners[0]}`);
    const owned = await Promise.all(
      appends.map((_, n) => log.readFirst(subject(`own-${n}`), signal)),
    );
    t.deepEqual(
      owned.flatMap((record, n) => (record === undefined ? [] : [n])),
      winners,
    );
  });

  test(title('a guard on a filter sees every subject that matches it'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const guarded = (name: string, expectedPosition: number) => ({
      ...message(subject(name), expectedPosition, name),
      guard: filter,
    });
    const first = await log.append([guarded('a', 0)], signal);
    if (first.status !== 'appended') return t.fail(first.status);
    t.deepEqual(await log.append([guarded('a', 0)], signal), { status: 'conflict' });
    t.deepEqual(await log.append([guarded('b', 0)], signal), { status: 'conflict' });
    t.is(await log.readFirst(subject('b'), signal), undefined);
    const second = await log.append([message(subject('b'), 0, 'b')], signal);
    if (second.status !== 'appended') return t.fail(second.status);
    t.is((await log.append([guarded('c', first.lastPosition)], signal)).status, 'conflict');
    t.is((await log.append([guarded('c', second.lastPosition)], signal)).status, 'appended');
  });

  test(title('a guard on a filter does not see other subjects'), async (t) => {
    const { log, subject } = await createFixture(t);
    const guard = (name: string) => subject(name).replace(/[^.]+\.([^.]+)$/, '*.$1');
    const guarded = (name: string) => ({ ...message(subject(name), 0), guard: guard(name) });
    t.is((await log.append([guarded('a')], signal)).status, 'appended');
    t.is((await log.append([guarded('b')], signal)).status, 'appended');
    t.is((await log.append([message(subject('c'), 0)], signal)).status, 'appended');
    for (const name of ['a', 'b', 'c']) {
      t.is((await log.append([guarded(name)], signal)).status, 'conflict', name);
    }
    t.is(await log.head(signal), 3);
  });

  test(title('exactly one of twenty appends guarded on one filter succeeds'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        log.append([{ ...message(subject('a'), 0, `${n}`), guard: filter }], signal),
      ),
    );
    const winners = outcomes.flatMap((outcome, n) => (outcome.status === 'appended' ? [n] : []));
    t.is(winners.length, 1);
    t.is(textOf(await log.readLastFromLeader(subject('a'), signal)), `${winners[0]}`);
    for (const { status } of outcomes) t.true(['appended', 'conflict', 'busy'].includes(status));
    t.is(await log.head(signal), 1);
  });

  test(title('an append that guards one subject twice appends nothing'), async (t) => {
    const { log, subject } = await createFixture(t);
    const outcome = await log.append(
      [message(subject('a'), 0, '1'), message(subject('a'), 0, '2')],
      signal,
    );
    t.not(outcome.status, 'appended');
    t.is(await log.readFirst(subject('a'), signal), undefined);
  });

  test(title('counts records by subject, on a server that has come so far'), async (t) => {
    const { log, subject } = await createFixture(t);
    await log.append([message(subject('a'), 0, '1'), message(subject('b'), 0, '1')], signal);
    const outcome = await log.append([message(subject('c'), 0, '1')], signal);
    const position = outcome.status === 'appended' ? outcome.lastPosition : 0;
    const again = await log.append([message(subject('c'), position, '2')], signal);
    const { head, bySubject } = await log.countRecords(subject('c'), signal);
    t.true(again.status === 'appended' && head >= again.lastPosition);
    t.deepEqual([...bySubject], [[subject('c'), 2]]);
    t.is((await log.countRecords(subject('d'), signal)).bySubject.size, 0);
    const all = await log.countRecords(subject('*'), signal);
    t.deepEqual(
      new Map(all.bySubject),
      new Map([
        [subject('a'), 1],
        [subject('b'), 1],
        [subject('c'), 2],
      ]),
    );
  });

  test(title('reading an unknown subject returns nothing'), async (t) => {
    const { log, subject } = await createFixture(t);
    await log.append([message(subject('a'), 0)], signal);
    t.is(await log.readFirst(subject('b'), signal), undefined);
    t.is(await log.readLastFromLeader(subject('b'), signal), undefined);
    t.is(await log.readLastFromReplica(subject('b'), signal), undefined);
    t.false(await log.hasRecord(subject('b'), signal));
    t.true(await log.hasRecord(subject('a'), signal));
    t.is((await log.readLast([subject('b'), subject('c')], signal)).size, 0);
    t.is((await log.readLast([], signal)).size, 0);
    await waitUntil(async () => {
      const found = await log.readLast([subject('a'), subject('b')], signal);
      return [...found.keys()].join() === subject('a');
    });
  });

  test(title('reading a subject returns exactly its records, oldest first'), async (t) => {
    const { log, subject } = await createFixture(t);
    t.deepEqual(await log.readSubject(subject('a'), signal), []);
    const positions: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await log.append([message(subject(`other-${n}`), 0)], signal);
      const outcome = await log.append(
        [message(subject('a'), positions.at(-1) ?? 0, `${n}`)],
        signal,
      );
      if (outcome.status !== 'appended') return t.fail(outcome.status);
      positions.push(outcome.lastPosition);
      // Any replica may answer, and one may lag behind the append.
      await waitUntil(async () => {
        const found = await log.readSubject(subject('a'), signal);
        return found.map(({ position }) => position).join() === positions.join();
      });
    }
    const records = await readSubjectOnceThere(log, subject('a'), 5);
    t.deepEqual(records.map(textOf), ['0', '1', '2', '3', '4']);
    t.deepEqual(new Set(records.map((record) => record.subject)), new Set([subject('a')]));
    t.deepEqual(await log.readSubject(subject('b'), signal), []);
  });

  test(title('batches arrive in order after a position, then new records'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const first = await log.append([message(subject('0'), 0, '0')], signal);
    if (first.status !== 'appended') return t.fail(first.status);
    await log.append(
      Array.from({ length: 7 }, (_, n) => message(subject(`${n + 1}`), 0, `${n + 1}`)),
      signal,
    );
    const reading = new AbortController();
    const seen: LogRecord[] = [];
    const sizes: number[] = [];
    const options = {
      filters: [filter],
      after: first.lastPosition,
      maxRecords: 3,
      maxBytes: 1e6,
    };
    for await (const batch of readOn(log, options, reading.signal)) {
      seen.push(...batch);
      sizes.push(batch.length);
      if (seen.length === 7) await log.append([message(subject('8'), 0, '8')], signal);
      if (seen.length === 8) reading.abort();
    }
    t.deepEqual(seen.map(textOf), ['1', '2', '3', '4', '5', '6', '7', '8']);
    t.true(sizes.every((size) => size <= 3));
    const positions = seen.map(({ position }) => position);
    t.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
  });

  test(title('without a filter every record arrives, in the order of the log'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const names = ['a', 'b', 'c'];
    await log.append(
      names.map((name) => message(subject(name), 0, name)),
      signal,
    );
    const reading = new AbortController();
    const seen: (string | undefined)[] = [];
    const options = { filters: [], after: 0, maxRecords: 10, maxBytes: 1e6 };
    for await (const batch of readOn(log, options, reading.signal)) {
      t.true(batch.every((record) => record.subject.startsWith(filter.replace('*', ''))));
      seen.push(...batch.map(textOf));
      if (seen.length === names.length) reading.abort();
    }
    t.deepEqual(seen, names);
  });

  test(title('a batch is bounded in bytes but never empty'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    await log.append(
      [1, 2, 3].map((n) => message(subject(`${n}`), 0, `"${'x'.repeat(1_000)}"`)),
      signal,
    );
    const reading = new AbortController();
    const sizes: number[] = [];
    const options = { filters: [filter], after: 0, maxRecords: 10, maxBytes: 10 };
    for await (const batch of readOn(log, options, reading.signal)) {
      sizes.push(batch.length);
      if (sizes.length === 3) reading.abort();
    }
    t.deepEqual(sizes, [1, 1, 1]);
  });

  test(title('a record has the trace context of its message'), async (t) => {
    const { log, subject, filter } = await createFixture(t);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await log.append([{ ...message(subject('a'), 0), traceparent }], signal);
    t.is((await log.readFirst(subject('a'), signal))?.traceparent, traceparent);
    await waitUntil(async () => {
      const record = await log.readLastFromReplica(subject('a'), signal);
      return record?.subject === subject('a') && record.traceparent === traceparent;
    });
    const [read] = await readSubjectOnceThere(log, subject('a'), 1);
    t.is(read?.traceparent, traceparent);
    const reading = new AbortController();
    const options = { filters: [filter], after: 0, maxRecords: 10, maxBytes: 1e6 };
    for await (const [record] of readOn(log, options, reading.signal)) {
      t.is(record?.traceparent, traceparent);
      reading.abort();
    }
  });
}

/**
 * Reads as every reader of the log does: after a failure it starts again after the last record.
 * Servers learn of a new consumer one after another and answer 503 until then.
 */
async function* readOn(
  log: EventLog,
  options: ReadOptions,
  reading: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  let { after } = options;
  for (let start = 1; ; start += 1) {
    try {
      for await (const batch of log.readBatches({ ...options, after }, reading)) {
        after = batch.at(-1)?.position ?? after;
        yield batch;
      }
      return;
    } catch (error) {
      if (!(error instanceof LogReadError) || start === MAX_STARTS) throw error;
    }
  }
}

/**
 * Reads the last records once all exist. Any replica may answer, and one may lag behind the append.
 */
async function readLastOnceThere(
  log: EventLog,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, LogRecord>> {
  let records: ReadonlyMap<string, LogRecord> = new Map();
  await waitUntil(async () => {
    records = await log.readLast(subjects, signal);
    return records.size === subjects.length;
  });
  return records;
}

/** Reads the records of a subject once there are enough. One replica may lag behind another. */
async function readSubjectOnceThere(
  log: EventLog,
  subject: string,
  count: number,
): Promise<readonly LogRecord[]> {
  let records: readonly LogRecord[] = [];
  await waitUntil(async () => {
    records = await log.readSubject(subject, signal);
    return records.length === count;
  });
  return records;
}

function textOf(record: LogRecord | undefined): string | undefined {
  return record === undefined ? undefined : Buffer.from(record.data).toString('utf8');
}
