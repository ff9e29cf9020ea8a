import { type Client, createClient, SCOPES, type Scope } from '@zameni/contracts';
import { type OwnProcessOptions, startOwnProcess } from './own-process.ts';
import type { System } from './system.ts';

/** A process of the command API in addition to the stack's, with its own settings. */
export type OwnCommandApi = AsyncDisposable & {
  readonly url: string;
  /** An operator with every scope, and the public. */
  readonly operator: Client;
  readonly anyone: Client;
};

/**
 * Starts the process with the stack's servers. Resolves when it is ready. Its name is also the
 * subject of the operator's token.
 */
export async function startOwnCommandApi(
  system: System,
  { name, env }: Required<Omit<OwnProcessOptions, 'service'>>,
): Promise<OwnCommandApi> {
  const own = await startOwnProcess(system.stack, { service: 'command-api', name, env });
  const { url } = own;
  // The keys come from an object that no code extends.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const token = await system.token(Object.keys(SCOPES) as Scope[], name);
  return {
    url,
    operator: createClient({ baseUrl: url, fetch, token }),
    anyone: createClient({ baseUrl: url, fetch }),
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}
