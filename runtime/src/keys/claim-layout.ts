import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { type ClaimRecord, subjects } from '@zameni/contracts';
import { CLAIM_PHASES, type ClaimRules } from './claim-phases.ts';
import type { PepperRing } from './pepper-ring.ts';

/** The subjects of one claim's records. */
export type ClaimPlace = {
  /** The subject whose record counts. */
  readonly believed: string;
  /** All subjects that a decision on the claim may write. Each of them can be guarded. */
  readonly reads: readonly string[];
  /** Returns the subjects that a new record is written to. */
  readonly writesOf: (record: ClaimRecord) => readonly string[];
};

/** Computes the subjects of claims under the current state of a ring of peppers. */
export type ClaimLayout = {
  /** Identifies the layout: the current layer, or the new layer and the phase. Not a secret. */
  readonly state: string;
  readonly placeOf: (claim: string) => ClaimPlace;
};

/** The two layers of a rotation, for its worker. */
export type ClaimLayers = {
  readonly state: string;
  readonly work: ClaimRules['work'];
  /** Returns the new layer's subject for a subject in the old layer, or undefined for any other. */
  readonly toNew: (subject: string) => string | undefined;
};

/**
 * Computes the subjects of claims under a ring. The first pepper makes the claim of an address.
 * Events and read models use this name permanently. Each later pepper makes a digest of the
 * previous digest, and the last digest is the subject. So a rotation needs no addresses, and an
 * attacker with only the older peppers cannot find a claim by its address.
 */
export function toClaimLayout(ring: PepperRing): ClaimLayout {
  const later = laterLayers(ring);
  const state = claimStateOf(ring);
  const digestOf = (claim: string, layers: readonly Layer[]): string =>
    layers.reduce((digest, layer) => layer.digestOf(digest), claim);
  const subjectOf = (claim: string, layers: readonly Layer[]): string =>
    toSubject(layers.at(-1), digestOf(claim, layers));
  if (ring.phase === undefined) {
    return {
      state,
      placeOf: (claim) => {
        const subject = subjectOf(claim, later);
        return { believed: subject, reads: [subject], writesOf: () => [subject] };
      },
    };
  }
  const { believes, holds } = CLAIM_PHASES[ring.phase];
  return {
    state,
    placeOf: (claim) => {
      const layers = { old: subjectOf(claim, later.slice(0, -1)), new: subjectOf(claim, later) };
      const both = [layers.old, layers.new];
      const held = holds.map((layer) => layers[layer]);
      return {
        believed: layers[believes],
        reads: both,
        writesOf: ({ state: kind }) => (kind === 'released' ? both : held),
      };
    },
  };
}

/** Returns the two layers of the rotation that a ring is in, or undefined without a rotation. */
export function toClaimLayers(ring: PepperRing): ClaimLayers | undefined {
  if (ring.phase === undefined) return undefined;
  const later = laterLayers(ring);
  const [from, to] = [later.at(-2), later.at(-1)];
  if (to === undefined) throw new RangeError('a rotation of peppers has two layers');
  const prefix = toSubject(from, '');
  return {
    state: claimStateOf(ring),
    work: CLAIM_PHASES[ring.phase].work,
    toNew: (subject) => {
      if (!subject.startsWith(prefix)) return undefined;
      const digest = subject.slice(prefix.length);
      // The name of a later layer precedes the digest, which contains no colon.
      return digest.includes(':') ? undefined : toSubject(to, to.digestOf(digest));
    },
  };
}

/** Identifies the state of a ring of peppers by the progress of its rotation. Not a secret. */
export function claimStateOf(ring: PepperRing): string {
  const last = ring.layers.at(-1) ?? ring.current;
  return ring.phase === undefined ? last : `${last}:${ring.phase}`;
}

type Layer = { readonly id: string; readonly digestOf: (digest: string) => string };

/** Returns the layers after the first. Claims already include the first one. */
function laterLayers(ring: PepperRing): Layer[] {
  const [, ...later] = ring.layers;
  return later.map((id) => {
    const pepper = ring.keys.get(id);
    if (pepper === undefined) throw new RangeError('a layer names a key of the ring');
    const key: KeyObject = createSecretKey(
      Buffer.from(hkdfSync('sha256', pepper, Buffer.alloc(0), 'zameni claim layer', 32)),
    );
    const digestOf = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
    return { id, digestOf };
  });
}

/** Claims of the first layer have no name before the digest, because they are older than layers. */
function toSubject(layer: Layer | undefined, digest: string): string {
  return subjects.claim(layer === undefined ? digest : `${layer.id}:${digest}`);
}
