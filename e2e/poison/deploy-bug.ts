import type { Stack } from '@zameni/runtime/testing';
import { type OtherProjector, replaceProjectors } from './replace-projectors.ts';

const preload = new URL('plant-bug.ts', import.meta.url).href;

/** Replaces the stack's projectors by one whose fold throws for a display name. */
export function deployBug(stack: Stack, displayName: string): Promise<OtherProjector> {
  const name = `buggy-projector-${Date.now()}`;
  const env = { NODE_OPTIONS: `--import=${preload}`, PLANTED_DISPLAY_NAME: displayName };
  return replaceProjectors(stack, { name, env });
}
