import { type Command, type Output, UsageError } from './command.ts';
import { tokenCommand } from './token-command.ts';

/** Exit statuses of `zameni`: 0 done, 1 failed, 2 wrong arguments. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const commands: readonly Command[] = [tokenCommand];

/** Runs `zameni` with the arguments behind its name; resolves to the exit status. */
export async function main(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    output.stdout.write(overview());
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  const command = commands.find((known) => known.name === name);
  if (command === undefined) {
    output.stderr.write(`zameni: there is no command "${name}".\n\n${overview()}`);
    return EXIT.usage;
  }
  if (rest.includes('--help')) {
    output.stdout.write(command.help);
    return EXIT.done;
  }
  try {
    await command.run(rest, output);
    return EXIT.done;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    output.stderr.write(`zameni ${name}: ${message}\n`);
    if (!(error instanceof UsageError)) return EXIT.failed;
    output.stderr.write(`Try: npx zameni ${name} --help\n`);
    return EXIT.usage;
  }
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`);
  return `Usage: npx zameni <command> [options]\n\nCommands:\n${lines.join('')}\nHelp: npx zameni <command> --help\n`;
}
