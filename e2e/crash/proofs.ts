import { setTimeout as pause } from 'node:timers/promises';
import type { ProofAnswer, ProofHistory, Sent } from '../history/types.ts';
import type { Random } from '../support/random.ts';
import type { Client, Holder } from './client.ts';

/** The attempt whose link is followed. */
export type LinkOf = Pick<ProofHistory, 'key' | 'email' | 'attempt'>;

/** Makes the token of the link of an attempt. */
export type IssueLink = (link: LinkOf) => Promise<string>;

/** What provers need. */
export type ProversOptions = {
  readonly client: Pick<Client, 'prove'>;
  readonly issueLink: IssueLink;
  readonly random: Random;
};

/** Owners of mailboxes, and all answers they got. */
export type Provers = {
  readonly proofs: ProofHistory[];
  /** Follows a link until it is decided or refused. Never throws because of an answer. */
  readonly prove: (link: LinkOf) => Promise<void>;
};

/** Milliseconds after which a proof without an answer is given up. */
const PROOF_DEADLINE_MS = 60_000;

/**
 * A link is followed again while the answer is uncertain. Some are followed twice at once, some
 * once more later. If an unproven account holds the address, a random choice decides what to do
 * with it.
 */
export function createProvers({ client, issueLink, random }: ProversOptions): Provers {
  const proofs: ProofHistory[] = [];
  return {
    proofs,
    prove: async (link) => {
      const token = await issueLink(link);
      const sent: Sent<ProofAnswer>[] = [];
      proofs.push({ ...link, sent });
      const deadline = performance.now() + PROOF_DEADLINE_MS;
      let holder: Holder | undefined;
      const send = async () => {
        const one = await client.prove(token, holder);
        sent.push(one);
        return one.answer;
      };
      while (performance.now() < deadline) {
        const copies = random.percent(10) ? [send(), send()] : [send()];
        const answers = await Promise.all(copies);
        const isUnproven = answers.some(
          (answer) => answer.kind === 'refused' && answer.code === 'address-unproven',
        );
        if (isUnproven && holder === undefined) {
          if (random.percent(25)) return;
          holder = random.percent(50) ? 'confirm' : 'not-mine';
          continue;
        }
        if (answers.some(({ kind }) => kind !== 'unknown')) break;
        await pause(20 + random.below(200));
      }
      if (random.percent(20)) await send();
    },
  };
}
