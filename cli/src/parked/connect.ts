import type { Scope } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import type { Arguments, OptionSpec } from '../framework/command.ts';
import { connect, profileOf } from '../framework/connection.ts';
import { connectionOptions } from '../framework/global-options.ts';
import type { Io } from '../framework/io.ts';
import { createOperatorPort, type OperatorPort } from './operator-port.ts';

/** Options of commands that send requests to the operator port of a projector. */
export const operatorOptions: readonly OptionSpec[] = connectionOptions.map((option) =>
  option.name === 'url'
    ? {
        ...option,
        value: '<operator-port>',
        summary: 'URL of a projector (default: those of the local stack)',
      }
    : option,
);

/** Opens the operator ports of the local stack's projectors, or the one that `--url` names. */
export async function connectOperator(
  args: Arguments,
  env: Io['env'],
  { scopes, signal }: { readonly scopes: readonly Scope[]; readonly signal: AbortSignal },
): Promise<OperatorPort> {
  const { url, token } = await connect(args, env, scopes);
  const urls = args.value('url') === undefined ? await projectorUrls(args) : [url];
  return createOperatorPort({ urls, token, signal });
}

async function projectorUrls(args: Arguments): Promise<string[]> {
  const { services } = await readStack(profileOf(args));
  return services.filter(({ service }) => service === 'projector').map(({ url }) => url);
}
