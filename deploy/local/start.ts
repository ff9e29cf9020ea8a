import { parseStartArguments, START_HELP } from './arguments.ts';
import { useCompileCache } from './host/compile-cache.ts';
import { summarise } from './output/summary.ts';
import { REPOSITORY } from './profile/names.ts';
import { runInForeground } from './supervisor/foreground.ts';
import { withStack } from './with-stack.ts';

useCompileCache();
process.exitCode = await runInForeground(async (foreground) => {
  const { help, ...choices } = parseStartArguments(process.argv.slice(2));
  const { terminal } = foreground;
  if (help) {
    terminal.line(START_HELP);
    return 0;
  }
  return withStack({ ...choices, ...foreground }, async ({ stack, ended }) => {
    terminal.line(summarise(stack, REPOSITORY, Date.now().toString(36)));
    await ended;
    return 0;
  });
});
