import { Stack } from '@zameni/runtime/stack';
import type { OptionSpec } from './command.ts';

/** The stacks that can run concurrently on one machine. */
export const PROFILES: readonly Stack['profile'][] = Stack.properties.profile.enum;

/** `--profile`: selects a local stack. */
export const profileOption: OptionSpec = {
  name: 'profile',
  value: '<name>',
  summary: `local stack: ${PROFILES.join(', ')} (default: local)`,
  choices: PROFILES,
};

/** Options of every command that sends requests to a gateway. */
export const connectionOptions: readonly OptionSpec[] = [
  {
    name: 'url',
    value: '<gateway>',
    summary: 'URL of Zameni (default: the local stack)',
  },
  {
    name: 'token',
    value: '<jwt>',
    summary:
      'access token, visible to other users; set ZAMENI_TOKEN instead (default: a local one)',
  },
  profileOption,
];

/** `--json`: output for programs. */
export const jsonOption: OptionSpec = {
  name: 'json',
  summary: 'print one JSON document for programs',
};
