import { Fault } from '../errors.ts';
import { DEADLINES } from '../process/deadlines.ts';
import { outsideTraces } from '../telemetry/trace.ts';
import type { Clock } from './clock.ts';
import { withDeadline } from './retry.ts';

/** Looks at something about once a second, for as long as a process lives. */
export type EachSecond<Found> = Disposable & {
  /** Looks now, too. Undefined if that failed or took too long. */
  readonly look: () => Promise<Found | undefined>;
  /** Resolves after the first look, whatever it has found. */
  readonly looked: Promise<void>;
};

/** What to look at. */
export type EachSecondOptions<Found> = {
  readonly read: () => Promise<Found>;
  /** Milliseconds for one look. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Learns from each look. Undefined if it failed; health checks name the reason. */
  readonly onLook: (found: Found | undefined) => void;
};

/** Milliseconds between two looks, drawn anew each time, so that processes do not look in step. */
const SHORTEST_MS = 900;
const LONGEST_MS = DEADLINES.primaryLook;

/** Looks at once, and again after each pause. Never more than one of these looks is under way. */
export function eachSecond<Found>(options: EachSecondOptions<Found>): EachSecond<Found> {
  const { read, deadlineMs, clock, onLook } = options;
  const first = Promise.withResolvers<void>();
  let isOver = false;
  let cancel = (): void => undefined;

  async function look(): Promise<Found | undefined> {
    let found: Found | undefined;
    try {
      found = await withDeadline(read(), deadlineMs, () => new Fault('a look took too long'));
    } catch {
      // Undefined says so.
    }
    onLook(found);
    return found;
  }

  async function goOn(): Promise<void> {
    await look();
    first.resolve();
    const pauseMs = SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS);
    if (!isOver) cancel = clock.after(pauseMs, () => void goOn());
  }

  // The looks serve all requests, so they are part of none.
  void outsideTraces(goOn);
  return {
    look,
    looked: first.promise,
    [Symbol.dispose]: () => {
      isOver = true;
      cancel();
    },
  };
}
