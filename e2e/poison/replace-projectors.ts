import { readTestStack, type Stack } from '@zameni/runtime/testing';
import { type Projector, projectorsOf, toProjector, untilActive } from '../fail-over/projectors.ts';
import { startOwnProcess } from '../support/own-process.ts';

/** A projector with other code, alone at work until it is disposed. */
export type OtherProjector = AsyncDisposable & { readonly projector: Projector };

/**
 * Freezes the stack's projectors and starts one with other code, which `env` makes. To dispose it is
 * to deploy the stack's code again: it ends and the others go on.
 */
export async function replaceProjectors(
  stack: Stack,
  { name, env }: { readonly name: string; readonly env: Readonly<Record<string, string>> },
): Promise<OtherProjector> {
  await using started = new AsyncDisposableStack();
  const supervised = projectorsOf(stack, readTestStack);
  for (const { signal } of supervised) {
    await signal('SIGSTOP');
    started.defer(() => signal('SIGCONT'));
  }
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
