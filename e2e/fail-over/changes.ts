import { setTimeout as pause } from 'node:timers/promises';
import { type Accepted, type Actors, personAt } from '../support/actors.ts';

/** Changes of people that run until they are stopped. */
export type Changes = AsyncDisposable & {
  /** Ends them. Returns each person with the position of their last accepted change. */
  readonly stop: () => Promise<{ readonly people: readonly Accepted[]; readonly accepted: number }>;
};

/** People who are changed in turn, and milliseconds between two changes. */
const PEOPLE = 10;
const PAUSE_MS = 30;

/** Registers people, then changes one after another. A change without an answer is not repeated. */
export async function startChanges(actors: Actors, name: string): Promise<Changes> {
  const stopping = new AbortController();
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, n) =>
      actors.register(personAt(`changed-${name}-${n}@example.org`)),
    ),
  );
  let accepted = 0;

  async function change(number: number): Promise<void> {
    const index = number % PEOPLE;
    const person = people[index];
    if (person === undefined) return;
    const body = { displayName: `Person ${number}` };
    const answer = await actors.operator
      .updateUser({ params: { id: person.id }, body })
      // The servers restart. The log knows whether the change was accepted.
      .catch(() => undefined);
    if (answer?.status !== 202) return;
    accepted += 1;
    people[index] = { id: person.id, position: answer.headers.Position };
  }

  async function run(): Promise<void> {
    for (let number = 0; !stopping.signal.aborted; number += 1) {
      await change(number);
      await pause(PAUSE_MS);
    }
  }

  const running = run();
  running.catch(() => undefined);
  const stop = async () => {
    stopping.abort();
    await running;
    return { people, accepted };
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}
