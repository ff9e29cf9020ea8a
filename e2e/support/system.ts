import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from '@zameni/contracts';
import { readTestStack, type Stack } from '@zameni/runtime/testing';

/** The running system as its users see it. */
export type System = {
  readonly stack: Stack;
  readonly gatewayUrl: string;
  /** A token as an operator gets it, from `zameni token`. */
  readonly token: (
    scopes: readonly Scope[],
    subject?: string,
    ttlSeconds?: number,
  ) => Promise<string>;
};

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');

/** Attaches to the stack that the tests were started with. */
export async function attachSystem(): Promise<System> {
  const stack = await readTestStack();
  return {
    stack,
    gatewayUrl: stack.gateway.url,
    token: async (scopes, subject = 'e2e', ttlSeconds) => {
      const args = ['token', '--profile', stack.profile, '--subject', subject];
      if (ttlSeconds !== undefined) args.push('--ttl', String(ttlSeconds));
      for (const scope of scopes) args.push('--scope', scope);
      const { stdout } = await promisify(execFile)(process.execPath, [zameni, ...args]);
      return stdout.trim();
    },
  };
}
