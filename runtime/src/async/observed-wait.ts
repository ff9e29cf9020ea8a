import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { createHistogram } from '../telemetry/metrics.ts';
import { recordedSpan, withSpan } from '../telemetry/trace.ts';

/** What requests wait for. */
export type WaitPurpose = 'readable' | 'erased' | 'position';

/** How a wait ended; `left`: the caller left or the process stops. */
export type WaitOutcome = 'reached' | 'timed-out' | 'left';

/** Runs a wait and reports how it ended. A wait that throws timed out. */
export type ObserveWait = <T>(
  wait: () => Promise<T>,
  toOutcome: (result: T) => WaitOutcome,
) => Promise<T>;

/** Creates a function that measures waits, each with a span if its request is recorded. */
export function createWaitObserver(purpose: WaitPurpose): ObserveWait {
  const measure = createHistogram(METRICS.store.waits);
  const attributes = { 'zameni.wait.for': purpose } as const;

  return async (wait, toOutcome) => {
    const startedAt = performance.now();
    let outcome: WaitOutcome = 'timed-out';
    const run = async () => {
      const result = await wait();
      outcome = toOutcome(result);
      return result;
    };
    try {
      if (recordedSpan() === undefined) return await run();
      return await withSpan(SPANS.wait, { attributes }, (set) =>
        run().finally(() => set({ 'zameni.wait.outcome': outcome })),
      );
    } finally {
      const seconds = (performance.now() - startedAt) / 1_000;
      measure(seconds, { ...attributes, 'zameni.wait.outcome': outcome });
    }
  };
}
