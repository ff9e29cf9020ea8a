import { Stack } from '@zameni/runtime/stack';
import type { OptionSpec } from './command.ts';

/** The stacks that can run beside each other on one machine. */
export const PROFILES: readonly Stack['profile'][] = Stack.properties.profile.enum;

/** `--profile`: which local stack is meant. */
export const profileOption: OptionSpec = {
  name: 'profile',
  value: '<name>',
  summary: `which local stack: ${PROFILES.join(', ')} (default: local)`,
  choices: PROFILES,
};

/** Options of every command that talks to a gateway. */
export const connectionOptions: readonly OptionSpec[] = [
  {
    name: 'url',
    value: '<gateway>',
    summary: 'where Zameni answers (default: the local stack)',
  },
  {
    name: 'token',
    value: '<jwt>',
    summary: 'access token; ZAMENI_TOKEN hides it better (default: a local one)',
  },
  profileOption,
];

/** `--json`: for programs. */
export const jsonOption: OptionSpec = {
  name: 'json',
  summary: 'print one JSON document for programs to read',
};
