import { PassThrough } from 'node:stream';
import test from 'ava';
import { type Line, readLines } from '@zameni/runtime';
import { registerPeople } from './register-people.ts';
import { createTally, type LineResult } from './register-report.ts';

type Options = {
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  readonly send?: (text: string, signal: AbortSignal) => Promise<LineResult>;
};

async function run(source: readonly (string | Buffer)[], options: Options = {}) {
  const tally = createTally();
  const sent: string[] = [];
  const { send = async () => ({ result: 'registered' as const }), concurrency = 4 } = options;
  async function* chunks() {
    for (const part of source) yield Buffer.from(part);
  }
  const stopped = await registerPeople({
    lines: readLines(chunks(), 64),
    concurrency,
    send: (content, signal) => {
      sent.push(content.toString());
      return send(content.toString(), signal);
    },
    signal: options.signal ?? new AbortController().signal,
    closeInput: () => undefined,
    onDone: (line: Line, result) => tally.add(line.number, result),
  });
  return { sent, report: tally.report({ url: '', stopped, seconds: 1 }) };
}

const rows = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}\n`);

test('skips blank lines, and reports invalid lines by number without sending them', async (t) => {
  const { sent, report } = await run([
    '{"n":1}\n\n  \t\n{"n":\n',
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    `"${'x'.repeat(80)}"\n{"n":2}`,
  ]);
  t.deepEqual(sent, ['{"n":1}', '{"n":2}']);
  t.is(report.read, 5);
  t.is(report.registered, 2);
  t.deepEqual(
    report.lines.map(({ line, code, status }) => [line, code, status]),
    [
      [4, 'malformed-json', null],
      [5, 'malformed-json', null],
      [6, 'payload-too-large', null],
    ],
  );
});

test('never sends more lines concurrently than allowed, and reads none ahead', async (t) => {
  let pending = 0;
  let most = 0;
  const { report } = await run(rows(50), {
    concurrency: 7,
    send: async () => {
      pending += 1;
      most = Math.max(most, pending);
      await new Promise((resolve) => setImmediate(resolve));
      pending -= 1;
      return { result: 'registered' };
    },
  });
  t.is(report.registered, 50);
  t.is(most, 7);
});

test('stops for a refused caller and gives up pending retries', async (t) => {
  const { sent, report } = await run(rows(100), {
    send: (text, signal) =>
      text === '{"n":0}'
        ? new Promise((resolve) =>
            signal.addEventListener('abort', () => resolve({ result: 'unfinished' })),
          )
        : Promise.resolve({ result: 'hopeless', code: 'unauthorized', status: 401 }),
  });
  t.true(sent.length <= 8);
  t.is(report.stopped, 'unauthorized');
  t.is(report.unfinished, 1);
  t.is(report.registered, 0);
});

test('does not send the rest after many consecutive failures', async (t) => {
  const failed: LineResult = { result: 'failed', code: 'no-answer', status: null, errors: [] };
  const { report } = await run(rows(500), { send: async () => failed });
  t.is(report.stopped, 'too-many-failures');
  t.true(report.failed >= 64 && report.failed <= 64 + 4);
});

test('stops reading after an interrupt and waits for pending lines', async (t) => {
  const stopping = new AbortController();
  const { sent, report } = await run(rows(100), {
    signal: stopping.signal,
    send: async () => {
      stopping.abort();
      await new Promise((resolve) => setImmediate(resolve));
      return { result: 'registered' };
    },
  });
  t.is(report.stopped, 'interrupted');
  t.is(report.registered, sent.length);
  t.true(sent.length <= 4);
});

test('reports a broken input, and the lines before the break', async (t) => {
  async function* broken() {
    yield Buffer.from('{"n":1}\n');
    throw new Error('read fault');
  }
  const done: number[] = [];
  const stopped = await registerPeople({
    lines: readLines(broken(), 64),
    concurrency: 2,
    send: async () => ({ result: 'registered' }),
    signal: new AbortController().signal,
    closeInput: () => undefined,
    onDone: (line) => done.push(line.number),
  });
  t.is(stopped, 'input-unreadable');
  t.deepEqual(done, [1]);
});

test('stops reading an open pipe for a refused caller', async (t) => {
  const pipe = new PassThrough();
  pipe.write('{"n":1}\n');
  const stopped = await registerPeople({
    lines: readLines(pipe, 64),
    concurrency: 8,
    send: async () => ({ result: 'hopeless', code: 'unauthorized', status: 401 }),
    signal: new AbortController().signal,
    closeInput: () => pipe.destroy(),
    onDone: () => undefined,
  });
  t.is(stopped, 'unauthorized');
});
