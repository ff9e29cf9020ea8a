import { dirname } from 'node:path';
import type { Stack } from '@zameni/runtime/stack';
import type { Span } from '../../../deploy/telemetry/otlp/span.ts';
import { readLinkingSpans, readSpans } from '../../../deploy/telemetry/receiver/read-spans.ts';
import { CommandError } from '../framework/command.ts';
import type { Trace } from './draw.ts';
import { askJaeger } from './jaeger.ts';

/** Spans that are read of one trace, and of those that link to it. */
const MAX_SPANS = 20_000;

/** What the gateway is called in its spans. */
const GATEWAY = 'gateway';

/** Reads a trace of a local stack from its files, or from its Jaeger if they do not have it. */
export async function readTrace(
  telemetry: NonNullable<Stack['telemetry']>,
  traceId: string,
): Promise<Trace> {
  const { tracesFile, jaegerUrl, traceRatio } = telemetry;
  const folder = dirname(tracesFile);
  const spans = await take(readSpans(folder, traceId));
  if (spans.length > 0) {
    return { traceId, spans, linking: await take(readLinkingSpans(folder, traceId)) };
  }
  const older = jaegerUrl === null ? [] : await askJaeger(jaegerUrl, traceId).catch(() => []);
  if (older.length > 0) return { traceId, spans: older, linking: [] };
  throw notFound(
    traceId,
    `Of the requests whose trace begins at the gateway, ${traceRatio * 100} % are recorded. ` +
      `A process sends its spans some seconds after they end. Old ones are deleted.`,
  );
}

/** Reads a trace from any Jaeger. */
export async function readTraceOfJaeger(url: string, traceId: string): Promise<Trace> {
  const spans = await askJaeger(url, traceId);
  if (spans.length > 0) return { traceId, spans, linking: [] };
  throw notFound(traceId, 'It was not sampled, or is not sent yet, or is deleted.');
}

/** Finds the trace of the newest request through the gateway. */
export async function findLastTrace(telemetry: NonNullable<Stack['telemetry']>): Promise<string> {
  let last: Span | undefined;
  for await (const span of readSpans(dirname(telemetry.tracesFile))) {
    if (span.service !== GATEWAY) continue;
    if (last === undefined || BigInt(span.startNs) >= BigInt(last.startNs)) last = span;
  }
  if (last !== undefined) return last.traceId;
  throw new CommandError('trace-not-found', 'no request through the gateway was traced yet');
}

async function take(all: AsyncIterable<Span>): Promise<Span[]> {
  const spans: Span[] = [];
  for await (const span of all) {
    if (spans.push(span) === MAX_SPANS) break;
  }
  return spans;
}

function notFound(traceId: string, hint: string): CommandError {
  return new CommandError('trace-not-found', `there is no span of trace ${traceId}. ${hint}`);
}
