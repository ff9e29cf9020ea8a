import type { AccountEvent } from '@zameni/contracts';
import { type ClaimLayout, readKeyRing, toClaimLayout } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';

/** Where claims lie in the log of a stack, which is another place after a rotation of the pepper. */
export function readClaimLayout({ keys }: Pick<Stack, 'keys'>): ClaimLayout {
  return toClaimLayout(readKeyRing(keys.pepperFile));
}

/** What events call the claims of the log, by the ends of the subjects at which they lie. */
export function nameClaims(
  events: Iterable<AccountEvent | undefined>,
  layout: ClaimLayout,
): (end: string) => string {
  const names = new Map<string, string>();
  for (const event of events) {
    if (event === undefined || event.personal === null || !('claim' in event.personal)) continue;
    const { claim } = event.personal;
    const { believed } = layout.placeOf(claim);
    names.set(believed.slice(believed.lastIndexOf('.') + 1), claim);
  }
  // Of a person who cannot be opened any more nobody knows the name.
  return (end) => names.get(end) ?? end;
}
