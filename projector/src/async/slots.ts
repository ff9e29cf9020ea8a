/** Limits the number of concurrent tasks. Other tasks wait in order of arrival. */
export type Slots = {
  readonly run: <Result>(task: () => Promise<Result>) => Promise<Result>;
};

/**
 * Creates slots. A task that gives up its slot and returns waits behind the tasks already waiting.
 */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  async function take(): Promise<void> {
    if (free > 0) {
      free -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    return promise;
  }

  /** Passes a slot directly to the task that waits longest, so that no other task takes it. */
  function give(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  return {
    run: async (task) => {
      await take();
      try {
        return await task();
      } finally {
        give();
      }
    },
  };
}
