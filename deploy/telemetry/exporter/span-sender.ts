import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from '../otlp/span.ts';
import type { TraceCodec } from '../otlp/trace-codec.ts';

/** Where spans go, and how many may wait. */
export type SpanSenderOptions = {
  /** The address of a receiver of OTLP over HTTP, without `/v1/traces`. */
  readonly url: string;
  /** Spans beyond this number are dropped. */
  readonly maxQueued: number;
  readonly maxBatch: number;
  /** Milliseconds that a span waits for others. */
  readonly pauseMs: number;
  /** Milliseconds for one request. */
  readonly deadlineMs: number;
};

/** What became of spans. */
export type SpanCounts = { readonly sent: number; readonly dropped: number };

/** Sends spans in batches. Its end sends what waits, once. */
export type SpanSender = AsyncDisposable & {
  /** Queues a span and returns at once. */
  readonly offer: (span: Span) => void;
  readonly counts: () => SpanCounts;
};

/**
 * Creates a sender. A batch that cannot be sent is dropped and counted: a collector that is slow or
 * away must cost no memory, and the next batch tries again.
 */
export function createSpanSender(codec: TraceCodec, options: SpanSenderOptions): SpanSender {
  const { url, maxQueued, maxBatch, pauseMs, deadlineMs } = options;
  const address = new URL('v1/traces', url.endsWith('/') ? url : `${url}/`);
  const queue: Span[] = [];
  const stopping = new AbortController();
  let working: Promise<void> | undefined;
  let sent = 0;
  let dropped = 0;

  async function work(): Promise<void> {
    while (queue.length > 0) {
      // The pause ends early with the process.
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      const batch = queue.splice(0, maxBatch);
      try {
        await send(batch);
        sent += batch.length;
      } catch {
        dropped += batch.length;
      }
    }
  }

  async function send(batch: readonly Span[]): Promise<void> {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(codec.encode(batch)),
      signal: AbortSignal.timeout(deadlineMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the receiver of spans answered ${response.status}`);
  }

  return {
    offer: (span) => {
      if (stopping.signal.aborted || queue.length >= maxQueued) {
        dropped += 1;
        return;
      }
      queue.push(span);
      working ??= work().finally(() => (working = undefined));
    },
    counts: () => ({ sent, dropped }),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await working;
    },
  };
}
