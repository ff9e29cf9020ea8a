import type { Scope } from '@zameni/contracts';
import { readStack } from '@zameni/runtime/stack';
import type { Arguments, OptionSpec } from '../framework/command.ts';
import { connect, profileOf } from '../framework/connection.ts';
import { connectionOptions } from '../framework/global-options.ts';
import type { Io } from '../framework/io.ts';
import { createOperatorClient, type OperatorClient } from './client.ts';

/** Options of commands that send requests to the operator port of a service. */
export function operatorOptions(service: string): readonly OptionSpec[] {
  return connectionOptions.map((option) =>
    option.name === 'url'
      ? {
          ...option,
          value: '<operator-port>',
          summary: `URL of a ${service} (default: those of the local stack)`,
        }
      : option,
  );
}

/** Opens the operator ports of the local stack's processes, or the one that `--url` names. */
export async function connectOperator(
  args: Arguments,
  env: Io['env'],
  options: {
    readonly service: string;
    readonly scopes: readonly Scope[];
    readonly signal: AbortSignal;
  },
): Promise<OperatorClient> {
  const { service, scopes, signal } = options;
  const { url, token } = await connect(args, env, scopes);
  const urls = args.value('url') === undefined ? await urlsOf(service, args) : [url];
  return createOperatorClient({ service, urls, token, signal });
}

async function urlsOf(service: string, args: Arguments): Promise<string[]> {
  const { services } = await readStack(profileOf(args));
  return services.filter((each) => each.service === service).map(({ url }) => url);
}
