import type { Client, ErasureView } from '@zameni/contracts';
import { PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';

/** The finished progress. The answer to the erasure does not wait for the replica. */
export async function progressOnceDone(
  reader: Client,
  id: string,
  withinMs = PATIENCE_MS,
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
