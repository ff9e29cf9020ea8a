import type { Client, ErasureView } from '@zameni/contracts';
import { waitUntil } from '@zameni/runtime/testing';

const REPLICA_DEADLINE_MS = 10_000;

/** The finished progress. The answer to the erasure does not wait for the replica. */
export async function progressOnceDone(
  reader: Client,
  id: string,
  withinMs = REPLICA_DEADLINE_MS,
): Promise<ErasureView> {
  let progress: ErasureView | undefined;
  await waitUntil(async () => {
    const answer = await reader.readErasure({ params: { id } });
    if (answer.status !== 200) throw new Error(`the progress was answered ${answer.status}`);
    progress = answer.body;
    return progress.status === 'done';
  }, withinMs);
  if (progress === undefined) throw new Error('there is no progress');
  return progress;
}
