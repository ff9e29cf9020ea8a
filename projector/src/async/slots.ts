/** Lets a bounded number of tasks run at once; the others wait in the order they came. */
export type Slots = {
  readonly run: <Result>(task: () => Promise<Result>) => Promise<Result>;
};

/** Makes slots; a task that gives its slot up and comes again waits behind those already there. */
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

  /** A slot goes straight to who waits longest, so that nobody comes in between. */
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
