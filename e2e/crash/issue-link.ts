import { parseUserId } from '@zameni/contracts';
import {
  createDigests,
  createPositions,
  createVerificationTokens,
  readKeyRing,
  readPepperRing,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import type { IssueLink } from './proofs.ts';

const LINK_LIFETIME_MS = 60 * 60 * 1_000;

/** Makes links from answers and the stack's keys alone: the log may not be available. */
export function createIssueLink({ keys, folders }: Stack): IssueLink {
  const positions = createPositions(readKeyRing(keys.positionKeyFile));
  const digests = createDigests(readPepperRing(keys.pepperFile));
  const { verificationKey } = secretFiles(folders.secrets);
  const tokens = createVerificationTokens(readKeyRing(verificationKey), {
    positions,
    now: () => new Date(),
  });
  return ({ email, attempt }) => {
    const id = parseUserId(attempt.id);
    if (id === undefined) throw new Error('an attempt has no id');
    const { position } = attempt;
    const proof = { kind: 'attempt', id, claim: digests.claimOf(email), position } as const;
    return tokens.issue(proof, new Date(Date.now() + LINK_LIFETIME_MS));
  };
}
