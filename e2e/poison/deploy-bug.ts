import { readTestStack, type Stack } from '@zameni/runtime/testing';
import { type Projector, projectorsOf, toProjector, untilActive } from '../fail-over/projectors.ts';
import { startOwnProcess } from '../support/own-process.ts';

/** A projector with a bug, alone at work until it is disposed. */
export type BuggyProjector = AsyncDisposable & { readonly projector: Projector };

const preload = new URL('plant-bug.ts', import.meta.url).href;

/**
 * Freezes the stack's projectors and starts one whose fold throws for a display name. To dispose it
 * is to deploy the mended code: it ends and the others go on.
 */
export async function deployBug(stack: Stack, displayName: string): Promise<BuggyProjector> {
  await using started = new AsyncDisposableStack();
  const supervised = projectorsOf(stack, readTestStack);
  for (const { signal } of supervised) {
    await signal('SIGSTOP');
    started.defer(() => signal('SIGCONT'));
  }
  const name = `buggy-projector-${Date.now()}`;
  const env = { NODE_OPTIONS: `--import=${preload}`, PLANTED_DISPLAY_NAME: displayName };
  const own = started.use(await startOwnProcess(stack, { service: 'projector', name, env }));
  const projector = toProjector(name, own);
  await untilActive([projector]);
  const left = started.move();
  return {
    projector,
    [Symbol.asyncDispose]: async () => {
      await left.disposeAsync();
      await untilActive(supervised);
    },
  };
}
