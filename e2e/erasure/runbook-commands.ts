import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stack } from '@zameni/runtime/testing';

const runbook = new URL('../../deploy/runbook.md', import.meta.url);
const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');

/** The commands of a section of the runbook: its `sh` blocks, in order. */
export function readCommands(heading: string): string[] {
  const text = readFileSync(runbook, 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`the runbook has no section "${heading}"`);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** Runs a command of the runbook as an operator of this stack, within its time limit. */
export async function runCommand(
  command: string,
  { stack, deadlineMs }: { readonly stack: Stack; readonly deadlineMs: number },
): Promise<string> {
  const script = `set -euo pipefail
npx() { shift; "$NODE" "$ZAMENI" "$@" --profile "$PROFILE"; }
${command}`;
  const env = { ...process.env, NODE: process.execPath, ZAMENI: zameni, PROFILE: stack.profile };
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env,
    timeout: deadlineMs,
  });
  return stdout;
}
