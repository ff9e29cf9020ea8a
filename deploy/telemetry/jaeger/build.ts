import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { runOrFail } from '../../local/host/command.ts';
import { findOnPath } from '../../local/host/launch.ts';
import { StackError } from '../../local/output/stack-error.ts';
import { BIN_FOLDER } from '../../local/profile/names.ts';
import { runInForeground } from '../../local/supervisor/foreground.ts';

/** The newest version of Jaeger that was tried. Its number as Jaeger 2 is 2.13.0. */
const MODULE = 'github.com/jaegertracing/jaeger@v1.76.0';

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const BUILD_TIMEOUT_MS = 30 * 60_000;

const downloadCheck = Compile(Type.Object({ Dir: Type.String() }));

// `go install` refuses the module, because its go.mod has a replace directive. Go builds it within
// its folder.
process.exitCode = await runInForeground(async ({ terminal, signal }) => {
  const go = findOnPath('go', ['/usr/local/go/bin']);
  if (go === null) {
    throw new StackError(
      'There is no go on PATH. Install Go, or put a released jaeger (2 or newer) on PATH.',
    );
  }
  const folder = await terminal.step(`downloading ${MODULE}`, async () => {
    const command = [go, 'mod', 'download', '-json', MODULE] as const;
    return readFolder(await runOrFail(command, { timeoutMs: DOWNLOAD_TIMEOUT_MS, signal }));
  });
  await mkdir(BIN_FOLDER, { recursive: true });
  const program = join(BIN_FOLDER, 'jaeger');
  const draft = `${program}.draft`;
  await terminal.step('building jaeger, which takes minutes', () => {
    const command = [go, 'build', '-o', draft, './cmd/jaeger'] as const;
    return runOrFail(command, { timeoutMs: BUILD_TIMEOUT_MS, cwd: folder, signal });
  });
  // A build that is stopped must leave no half of a program.
  await rename(draft, program);
  terminal.line(
    `\nnpm start -- --telemetry starts it: ${program}\nIt answers queries. Only the released program has pages.`,
  );
  return 0;
});

function readFolder(output: string): string {
  const answer: unknown = JSON.parse(output.slice(output.indexOf('{')));
  if (!downloadCheck.Check(answer)) throw new StackError(`go downloaded nothing: ${output}`);
  return answer.Dir;
}
