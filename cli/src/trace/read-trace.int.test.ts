import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { spanOf } from '../../../deploy/telemetry/otlp/span.fixture.ts';
import type { Span } from '../../../deploy/telemetry/otlp/span.ts';
import { findLastTrace, readTrace } from './read-trace.ts';

const traceId = 'a'.repeat(32);
const other = 'b'.repeat(32);
const link = { traceId, spanId: '1'.repeat(16), attributes: {} };
const gateway = { service: 'gateway', instance: 'gateway' };

test('reads a trace from all files, and what links to it', async (t) => {
  const telemetry = await folderWith(t, {
    'traces.1.ndjson': [spanOf({ traceId, name: 'old' }), spanOf({ traceId: other })],
    'traces.ndjson': [
      spanOf({ traceId, name: 'new', spanId: '2'.repeat(16) }),
      spanOf({ traceId: other, name: 'redrive', links: [link] }),
    ],
  });
  const { spans, linking } = await readTrace(telemetry, traceId);
  t.deepEqual(
    spans.map(({ name }) => name),
    ['old', 'new'],
  );
  t.deepEqual(
    linking.map(({ name }) => name),
    ['redrive'],
  );
});

test('a trace that is not there is an error with the reason that it may have', async (t) => {
  const telemetry = await folderWith(t, { 'traces.ndjson': [spanOf({ traceId: other })] });
  await t.throwsAsync(readTrace(telemetry, traceId), {
    code: 'trace-not-found',
    message: /no span of trace a{32}\. .*2\.5 % are recorded/,
  });
});

test('Jaeger that does not answer hides no reason', async (t) => {
  const telemetry = { ...(await folderWith(t, {})), jaegerUrl: 'http://127.0.0.1:9' };
  await t.throwsAsync(readTrace(telemetry, traceId), { code: 'trace-not-found' });
});

test('the last trace is that of the newest request through the gateway', async (t) => {
  const telemetry = await folderWith(t, {
    'traces.ndjson': [
      spanOf({ traceId, ...gateway, startNs: '300' }),
      spanOf({ traceId: other, ...gateway, startNs: '200' }),
      spanOf({ traceId: other, startNs: '400' }),
    ],
  });
  t.is(await findLastTrace(telemetry), traceId);
  const empty = await folderWith(t, {});
  await t.throwsAsync(findLastTrace(empty), { code: 'trace-not-found' });
});

async function folderWith(t: ExecutionContext, files: Readonly<Record<string, readonly Span[]>>) {
  const folder = await mkdtemp(join(tmpdir(), 'traces-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const [name, spans] of Object.entries(files)) {
    const lines = spans.map((span) => `${JSON.stringify(span)}\n`);
    await writeFile(join(folder, name), lines.join(''));
  }
  return {
    prometheusUrl: '',
    jaegerUrl: null,
    receiverUrl: '',
    tracesFile: join(folder, 'traces.ndjson'),
    traceRatio: 0.025,
    metrics: [],
  };
}
