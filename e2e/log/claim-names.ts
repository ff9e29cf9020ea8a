import { type ClaimLayout, readPepperRing, toClaimLayout } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';

/** Reads the layout of claims in the log of a stack, which a rotation of the pepper changes. */
export function readClaimLayout({ keys }: Pick<Stack, 'keys'>): ClaimLayout {
  return toClaimLayout(readPepperRing(keys.pepperFile));
}

/** Maps the last part of a claim's subject to the name that events and attempts use. */
export function nameClaims(claims: Iterable<string>, layout: ClaimLayout): (end: string) => string {
  const names = new Map<string, string>();
  for (const claim of claims) {
    const { believed } = layout.placeOf(claim);
    names.set(believed.slice(believed.lastIndexOf('.') + 1), claim);
  }
  // The name is unknown for a person whose data can no longer be opened.
  return (end) => names.get(end) ?? end;
}
