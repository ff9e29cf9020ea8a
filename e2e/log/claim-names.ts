import { type ClaimLayout, readKeyRing, toClaimLayout } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';

/** Where claims lie in the log of a stack, which is another place after a rotation of the pepper. */
export function readClaimLayout({ keys }: Pick<Stack, 'keys'>): ClaimLayout {
  return toClaimLayout(readKeyRing(keys.pepperFile));
}

/** Names claims as events and attempts do, by the ends of the subjects at which they lie. */
export function nameClaims(claims: Iterable<string>, layout: ClaimLayout): (end: string) => string {
  const names = new Map<string, string>();
  for (const claim of claims) {
    const { believed } = layout.placeOf(claim);
    names.set(believed.slice(believed.lastIndexOf('.') + 1), claim);
  }
  // Nobody knows the name that a person had who cannot be opened any more.
  return (end) => names.get(end) ?? end;
}
