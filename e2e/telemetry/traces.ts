import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stack } from '@zameni/runtime/testing';
import type { Span } from '../../deploy/telemetry/otlp/span.ts';
import { readLinkingSpans, readSpans } from '../../deploy/telemetry/receiver/read-spans.ts';
import { nameOf } from './trace-faults.ts';

/** The spans that the stack's receiver has taken. */
export type Traces = {
  /** Waits until a trace has spans of all these names (`service: name`), and returns its spans. */
  readonly untilSpans: (traceId: string, names: readonly string[]) => Promise<readonly Span[]>;
  /** Waits until so many spans of other traces link to a trace, and returns them. */
  readonly untilLinked: (
    traceId: string,
    isWanted: (span: Span) => boolean,
  ) => Promise<readonly Span[]>;
  readonly spansOf: (traceId: string) => Promise<readonly Span[]>;
  readonly all: () => AsyncGenerator<Span>;
};

/** Processes send their spans every few seconds. A busy machine may be late. */
const ARRIVAL_MS = 30_000;
const POLL_MS = 250;

/** Opens the folder of the stack's traces. */
export function openTraces({ telemetry }: Stack): Traces {
  if (telemetry === null) throw new Error('the stack runs without telemetry');
  const folder = dirname(telemetry.tracesFile);
  const spansOf = (traceId: string) => Array.fromAsync(readSpans(folder, traceId));
  return {
    spansOf,
    all: () => readSpans(folder),
    untilSpans: async (traceId, names) => {
      const deadline = performance.now() + ARRIVAL_MS;
      for (;;) {
        const spans = await spansOf(traceId);
        const found = new Set(spans.map(nameOf));
        const missing = names.filter((name) => !found.has(name));
        if (missing.length === 0) return spans;
        if (performance.now() > deadline) {
          throw new Error(`${missing.join(', ')} did not arrive, only ${[...found].join(', ')}`);
        }
        await pause(POLL_MS);
      }
    },
    untilLinked: async (traceId, isWanted) => {
      const deadline = performance.now() + ARRIVAL_MS;
      for (;;) {
        const spans = await Array.fromAsync(readLinkingSpans(folder, traceId));
        if (spans.some(isWanted)) return spans;
        if (performance.now() > deadline) {
          throw new Error(`only ${spans.map(nameOf).join(', ') || 'nothing'} links to the trace`);
        }
        await pause(POLL_MS);
      }
    },
  };
}
