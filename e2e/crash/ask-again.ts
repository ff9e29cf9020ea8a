import { setTimeout as pause } from 'node:timers/promises';
import {
  decisionsOf,
  type History,
  type ProofHistory,
  type ReadHistory,
  type WriteHistory,
} from '../history/types.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import type { Client } from './client.ts';
import type { IssueLink } from './proofs.ts';

/** Concurrent clients after the last kill. */
const CONCURRENCY = 16;

/** Sends every decided wish once more. Each process has been killed since some of them. */
export async function askAllAgain(
  client: Client,
  writes: readonly WriteHistory[],
): Promise<WriteHistory[]> {
  return mapConcurrently(writes, CONCURRENCY, async (write) => {
    if (!write.wish.isKeyed || decisionsOf(write).length === 0) return write;
    return { ...write, sent: [...write.sent, await client.post(write.wish)] };
  });
}

/** Follows every decided link once more. */
export async function proveAllAgain(
  { client, issueLink }: { readonly client: Client; readonly issueLink: IssueLink },
  proofs: readonly ProofHistory[],
): Promise<ProofHistory[]> {
  return mapConcurrently(proofs, CONCURRENCY, async (proof) => {
    if (decisionsOf(proof).length === 0) return proof;
    return { ...proof, sent: [...proof.sent, await client.prove(await issueLink(proof))] };
  });
}

/** Reads everything that was accepted until it is answered. No process is killed any more. */
export async function readAllAgain(
  client: Client,
  { writes, proofs }: Pick<History, 'writes' | 'proofs'>,
  deadlineMs: number,
): Promise<ReadHistory[]> {
  const deadline = performance.now() + deadlineMs;
  const provenAt = new Map(
    proofs.map((proof) => [
      proof.attempt.id,
      Math.max(0, ...decisionsOf(proof).map(({ position }) => position)),
    ]),
  );
  const targets = writes.flatMap((write) => {
    const [known] = decisionsOf(write);
    if (known === undefined) return [];
    const { registrationId, position } = known;
    const minPosition = Math.max(position, provenAt.get(registrationId) ?? 0);
    return (['registrations', 'users'] as const).map((path) => {
      return { key: write.wish.key, path, registrationId, minPosition, isFinal: true };
    });
  });
  return mapConcurrently(targets, CONCURRENCY, async (target) => {
    let seen = await client.get(target);
    while (seen.answer.kind === 'unknown' && performance.now() < deadline) {
      await pause(100);
      seen = await client.get(target);
    }
    return seen;
  });
}
