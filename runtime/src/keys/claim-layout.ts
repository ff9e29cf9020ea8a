import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { type ClaimRecord, subjects } from '@zameni/contracts';
import { CLAIM_PHASES, type ClaimRules } from './claim-phases.ts';
import type { PepperRing } from './pepper-ring.ts';

/** Where the records of one claim lie. */
export type ClaimPlace = {
  /** The subject whose record counts. */
  readonly believed: string;
  /** Every subject a decision on the claim may write, so that each can be guarded. */
  readonly reads: readonly string[];
  /** The subjects a new record is written to. */
  readonly writesOf: (record: ClaimRecord) => readonly string[];
};

/** Where claims lie under a ring of peppers as it is at one moment. */
export type ClaimLayout = {
  /** What it is told apart by: the current layer, or the new one and the phase. No secret. */
  readonly state: string;
  readonly placeOf: (claim: string) => ClaimPlace;
};

/** What a rotation's worker needs to know of the two layers. */
export type ClaimLayers = {
  readonly state: string;
  readonly work: ClaimRules['work'];
  /** The subject in the new layer of one in the old layer; undefined for every other subject. */
  readonly toNew: (subject: string) => string | undefined;
};

/**
 * Where claims lie under a ring. The first pepper makes the claim of an address, and that is what
 * events and read models call it for ever; every later one makes another digest of the digest before,
 * and the last of them is the subject. So a rotation needs nobody's address, and who has only the older
 * peppers finds no claim by an address.
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

/** The two layers of the rotation that a ring says is under way; undefined when there is none. */
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
      // The name of a later layer stands before the digest, which has no colon of its own.
      return digest.includes(':') ? undefined : toSubject(to, to.digestOf(digest));
    },
  };
}

/** What a ring of peppers is told apart by: how far its rotation is. No secret. */
export function claimStateOf(ring: PepperRing): string {
  const last = ring.layers.at(-1) ?? ring.current;
  return ring.phase === undefined ? last : `${last}:${ring.phase}`;
}

type Layer = { readonly id: string; readonly digestOf: (digest: string) => string };

/** The layers behind the first, which is not made here: claims come with it. */
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

/** The first layer's claims have no name before the digest: they were there before there were layers. */
function toSubject(layer: Layer | undefined, digest: string): string {
  return subjects.claim(layer === undefined ? digest : `${layer.id}:${digest}`);
}
