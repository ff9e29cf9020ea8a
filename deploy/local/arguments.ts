import { parseArgs } from 'node:util';
import { parseProfile, type Profile } from './profile/names.ts';
import { MAX_PROCESSES, parseScale, type Scale, SERVICES } from './profile/scale.ts';
import { StackError } from './output/stack-error.ts';

/** The options of `npm start`. */
export type StartArguments = {
  readonly profile: Profile;
  readonly fresh: boolean;
  readonly scale: Scale;
  /** Whether to start what watches the stack too. */
  readonly telemetry: boolean;
  readonly help: boolean;
};

/** The text of `npm start -- --help`. */
export const START_HELP = `npm start -- [options]

Starts the whole of Zameni on this machine and stays in the foreground; Ctrl-C stops it.

  --fresh              start with empty data
  --scale NAME=N,...   run N processes of a service, 1 to ${MAX_PROCESSES}: ${SERVICES.join(', ')}
                       (mailer=0 sends no mail)
  --telemetry          start Prometheus, its exporters, a receiver of traces and, where there
                       is one, Jaeger; OTEL_TRACES_SAMPLER_ARG=0.1 traces one request in ten
  --help               show this
`;

/** Parses the arguments of `npm start`. Refuses unknown ones with a hint. */
export function parseStartArguments(args: readonly string[]): StartArguments {
  const { values } = parse(args);
  return {
    profile: parseProfile(values.profile),
    fresh: values.fresh,
    scale: parseScale(values.scale.join(',')),
    telemetry: values.telemetry,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean', default: false },
        scale: { type: 'string', multiple: true, default: [] },
        telemetry: { type: 'boolean', default: false },
        profile: { type: 'string', default: 'local' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StackError(`${reason}\nnpm start -- --help shows the options.`, { cause });
  }
}
