import type { Stack } from '@zameni/runtime/stack';
import type { Terminal } from '../deploy/local/output/terminal.ts';
import type { RegistrationPath } from './load/registration-path.ts';

/** What a command measures, and where it prints. */
export type Settings = {
  readonly stack: Stack;
  readonly terminal: Terminal;
  readonly seconds: number;
  readonly rounds: number;
  readonly count: number;
  readonly connections: readonly number[];
  readonly process: string;
  readonly path: RegistrationPath;
};
