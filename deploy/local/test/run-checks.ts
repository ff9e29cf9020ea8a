import { join } from 'node:path';
import { runCommand } from '../host/command.ts';
import type { Terminal } from '../output/terminal.ts';
import { REPOSITORY } from '../profile/names.ts';
import type { Results } from './count-results.ts';

const TIMEOUT_MS = 180_000;

const CHECKS = [
  { title: 'format', command: ['biome', 'format', '.'] },
  { title: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { title: 'types', command: ['tsc', '--noEmit'] },
  // Scripts of a browser: other globals, and checked by their comments.
  {
    title: 'types of the page',
    command: ['tsc', '--project', 'query-api/src/verify-page/browser'],
  },
] as const;

/** Runs the static checks. Each counts as one test. The output of a failed check is shown. */
export async function runChecks(terminal: Terminal, signal: AbortSignal): Promise<Results> {
  const failures: string[] = [];
  for (const { title, command } of CHECKS) {
    const startedAt = performance.now();
    const [program, ...args] = command;
    const path = join(REPOSITORY, 'node_modules', '.bin', program);
    const result = await runCommand([path, ...args], {
      cwd: REPOSITORY,
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    if (result.code === 0) terminal.done(title, performance.now() - startedAt);
    else {
      const failure = `${title}: ${command.join(' ')} (exit ${result.code})\n${result.output}`;
      failures.push(failure);
      terminal.fault(failure);
    }
  }
  return { passed: CHECKS.length - failures.length, failed: failures.length, failures };
}
