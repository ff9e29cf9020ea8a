import type { Clock } from '@zameni/runtime';

/** Milliseconds between two pings. */
const PAUSE_MS = 200;

/**
 * Runs work that may take long on a database, only as long as the database answers short questions.
 * So a database that is away costs no more than the deadline of a ping. Rejects as the work or a
 * ping does. Then the work goes on until its own deadline, for nobody.
 */
export async function whileItAnswers<T>(
  work: () => Promise<T>,
  ping: () => Promise<unknown>,
  clock: Clock,
): Promise<T> {
  await ping();
  const { promise: gone, reject } = Promise.withResolvers<never>();
  let isDone = false;
  let cancel: () => void = () => undefined;
  const pingAgain = async () => {
    try {
      await ping();
      if (!isDone) watch();
    } catch (error) {
      reject(error);
    }
  };
  const watch = () => {
    cancel = clock.after(PAUSE_MS, () => {
      void pingAgain();
    });
  };
  watch();
  try {
    return await Promise.race([work(), gone]);
  } finally {
    isDone = true;
    cancel();
  }
}
