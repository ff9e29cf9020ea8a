import {
  type ErrorCode,
  MUST_SUPPLY,
  type UserId,
  type VerificationPreview,
} from '@zameni/contracts';
import { type Decision, type Refusal, refuse } from './decision.ts';
import type { Said } from './verification.ts';

/** What the use of a link would do now, without the data of the person. */
export type ProofPreview = Pick<VerificationPreview, 'state' | 'holder' | 'mustSupply'> & {
  readonly outcome: 'preview';
  /** The account of the answer if it is not the one that the link names. */
  readonly subject?: UserId;
};

/** A preview, the refusal of the link, or the account to look at first. */
export type Previewed = ProofPreview | Refusal | Extract<Decision, { outcome: 'look' }>;

const invalid = refuse('invalid-verification-token');

/**
 * Previews a proof: decides it as if the prover sent the token alone. Where the proof says that it
 * needs `notMine`, it is decided with it.
 */
export function previewProof(decide: (said: Said) => Decision): Previewed {
  const preview = toPreview(decide({}));
  if (preview.outcome !== 'preview' || !preview.mustSupply.includes('notMine')) return preview;
  const then = toPreview(decide({ notMine: true }));
  if (then.outcome !== 'preview') return then;
  // It needs no address. The holder of this one is the account itself, by another address.
  const state = then.holder === 'proven' ? 'too-late' : then.state;
  return { ...preview, state };
}

const open = { outcome: 'preview', state: 'open', holder: 'none' } as const;

function toPreview(decision: Decision): Previewed {
  switch (decision.outcome) {
    case 'commit':
      return { ...open, mustSupply: [] };
    case 'unchanged': {
      const { subject } = decision;
      return { ...open, mustSupply: [], state: 'done', ...(subject && { subject }) };
    }
    case 'look':
      return decision;
    case 'refused':
      return toRefusedPreview(decision);
    default:
      return decision satisfies never;
  }
}

/** The refusals that the prover can answer, or understand. */
const SHOWN: Partial<Record<ErrorCode, Partial<ProofPreview>>> = {
  'address-unproven': { holder: 'unproven', mustSupply: ['holder'] },
  'address-taken': { holder: 'proven' },
  'user-deactivated': { state: 'deactivated' },
};

function toRefusedPreview({ code, errors = [] }: Refusal): Previewed {
  const required = errors.map(({ pointer }) => pointer.slice(1));
  const mustSupply = MUST_SUPPLY.filter((name) => required.includes(name));
  const shown = code === 'invalid-request' ? {} : SHOWN[code];
  return shown === undefined ? invalid : { ...open, mustSupply, ...shown };
}
