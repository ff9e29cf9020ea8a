/** Does one thing after the other to each process, by its name. */
export type Occupied = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/**
 * Creates the turns of all processes. A process that does not run cannot be killed, and one that is
 * frozen is woken by whoever froze it.
 */
export function createOccupied(): Occupied {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(work);
    last.set(
      name,
      // Whoever began the work hears of its failure.
      mine.catch(() => undefined),
    );
    return mine;
  };
}
