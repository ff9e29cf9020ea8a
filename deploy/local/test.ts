import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Results, sumResults } from './test/count-results.ts';
import { useCompileCache } from './host/compile-cache.ts';
import { runInForeground } from './supervisor/foreground.ts';
import { runAva } from './test/run-ava.ts';
import { runChecks } from './test/run-checks.ts';
import { parseScale } from './profile/scale.ts';
import { explainFault } from './output/stack-error.ts';
import { stackFilePath } from '@zameni/runtime/stack';
import { parseTestArguments, TEST_HELP } from './test/arguments.ts';
import { describeSlowest, TIMES_FILE } from './test/times.ts';
import { withStack } from './with-stack.ts';

/** Two processes of each service, so that tests cover concurrent processes and a standby. */
const TEST_SCALE = 'command-api=2,query-api=2,projector=2,mailer=2';

const INTERRUPTED = 128 + constants.signals.SIGINT;

useCompileCache();
process.exitCode = await runInForeground(async (foreground) => {
  const { terminal, signal } = foreground;
  const { help, phases, beside, titles, withChecks, needsStack, env } = parseTestArguments(
    process.argv.slice(2),
    randomInt(2 ** 32),
  );
  if (help) {
    terminal.line(TEST_HELP);
    return 0;
  }
  const seed = env['ZAMENI_SEED'];
  if (seed !== undefined) terminal.line(`  The seed is ${seed}.`);
  const folder = mkdtempSync(join(tmpdir(), 'zameni-test-'));
  const times = join(folder, 'times');
  const results: Results[] = [];
  const common = { titles, env: { ...env, [TIMES_FILE]: times } };
  const ava = async (stackFile: string | null, until: AbortSignal) => {
    for (const { name, files } of phases) {
      if (name === 'disturbing') void runBeside();
      if (name === 'quiet') {
        await checks;
        await runBeside();
      }
      if (until.aborted) return;
      const options = { ...common, files, ...(name === 'shared' ? {} : { concurrency: 1 }) };
      results.push(await runAva({ ...options, stackFile, terminal, signal: until }));
    }
  };
  const onStack = async () => {
    const scale = parseScale(TEST_SCALE);
    const options = {
      profile: 'test',
      scale,
      fresh: true,
      telemetry: true,
      ...foreground,
    } as const;
    const code = await withStack(options, async ({ ended }) => {
      const stop = new AbortController();
      const watched = ended.finally(() => stop.abort());
      watched.catch(() => undefined);
      await ava(stackFilePath('test'), stop.signal);
      if (stop.signal.aborted) await watched;
      return 0;
    });
    // The stack did not start, last or drain, so the test results prove too little.
    if (code !== 0) results.push(oneFailure('The stack did not start, last or drain; see above.'));
  };
  /** An error that ends a part of the run, such as a port in use, counts as one failure. */
  const runPart = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (fault) {
      if (signal.aborted) return;
      const failure = explainFault(fault);
      terminal.fault(failure);
      results.push(oneFailure(failure));
    }
  };
  const checks = runPart(async () => {
    if (withChecks) results.push(await runChecks(terminal, signal));
  });
  let besides: Promise<void> | null = null;
  /** Runs what needs no servers, once. */
  const runBeside = () =>
    (besides ??= runPart(async () => {
      if (beside.length === 0) return;
      // Shown at the end, because two runs of AVA would mix their reports of failures.
      const lines: string[] = [];
      const quiet = { ...terminal, line: (text: string) => lines.push(text) };
      const run = { ...common, files: beside, stackFile: null, concurrency: 2 };
      results.push(await runAva({ ...run, terminal: quiet, signal }));
      for (const line of lines) terminal.line(line);
    }));
  await runPart(() => (needsStack ? onStack() : ava(null, signal)));
  await checks;
  await runBeside();
  const slowest = withChecks ? describeSlowest(times) : [];
  rmSync(folder, { recursive: true });
  if (signal.aborted) return INTERRUPTED;
  if (slowest.length > 0) terminal.line(['\nThe slowest test files:', ...slowest].join('\n'));
  const { passed, failed, failures } = sumResults(results);
  // Repeated at the end, because people often see only the last lines of a run.
  for (const failure of failures) terminal.line(failure);
  terminal.line(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
});

function oneFailure(failure: string): Results {
  return { passed: 0, failed: 1, failures: [failure] };
}
