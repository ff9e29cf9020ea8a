import { type Pool, readLiveCheckpoint, withDeadline, Fault } from '@zameni/runtime';

/** The position that the replica has replayed. Undefined while it does not answer. */
export type ReplicaPosition = () => Promise<number | undefined>;

/** Milliseconds after which the replica counts as away. */
const DEADLINE_MS = 1_000;

/** Reads the position. All callers share one read, so that waiting commands need one connection. */
export function createReplicaPosition(pool: Pool): ReplicaPosition {
  let reading: Promise<number | undefined> | undefined;

  async function read(): Promise<number | undefined> {
    try {
      const late = () => new Fault('the replica did not answer in time');
      return (await withDeadline(readLiveCheckpoint(pool), DEADLINE_MS, late))?.position;
    } catch {
      return undefined;
    }
  }

  return () => (reading ??= read().finally(() => (reading = undefined)));
}
