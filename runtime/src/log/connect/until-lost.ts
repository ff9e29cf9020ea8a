import type { NatsConnection } from '@nats-io/transport-node';
import { Fault } from '../../errors.ts';

/** Passes a promise on, and rejects as soon as the connection is lost. */
export type UntilLost = <T>(answer: Promise<T>) => Promise<T>;

/**
 * Ends every wait for an answer when the connection is lost, because no answer can come. The
 * library lets each request wait for its own deadline.
 */
export function createUntilLost(nc: Pick<NatsConnection, 'status'>): UntilLost {
  const waiting = new Set<(error: Error) => void>();

  async function follow(): Promise<void> {
    for await (const { type } of nc.status()) {
      if (type !== 'disconnect') continue;
      const lost = [...waiting];
      waiting.clear();
      for (const reject of lost) reject(new Fault('the connection to the log was lost'));
    }
  }

  void follow();
  return (answer) =>
    new Promise((resolve, reject) => {
      waiting.add(reject);
      answer.then(resolve, reject).finally(() => waiting.delete(reject));
    });
}
