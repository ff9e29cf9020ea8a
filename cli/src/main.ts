import { readFile } from 'node:fs/promises';
import { loadCommand, loadCommands } from './commands.ts';
import { parseArguments } from './framework/arguments.ts';
import { type Command, CommandError, EXIT, UsageError } from './framework/command.ts';
import { helpOf, overview } from './framework/help.ts';
import { type Io, toJsonLine } from './framework/io.ts';

/** Runs `zameni` with the arguments after its name, and resolves to the exit status. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { name, rest } = splitAtCommand(args);
  if (name === undefined && rest.includes('--version')) {
    io.stdout.write(`${await version()}\n`);
    return EXIT.done;
  }
  const asked = name === 'help' ? rest[0] : name;
  if (asked === undefined) {
    const isAsked = name === 'help' || isHelp(rest);
    (isAsked ? io.stdout : io.stderr).write(overview(await loadCommands()));
    return isAsked ? EXIT.done : EXIT.usage;
  }
  const command = await loadCommand(asked);
  if (command === undefined) {
    const known = overview(await loadCommands());
    io.stderr.write(`zameni: there is no command "${asked}".\n\n${known}`);
    return EXIT.usage;
  }
  if (name === 'help' || isHelp(rest)) {
    io.stdout.write(helpOf(command));
    return EXIT.done;
  }
  return runCommand(command, rest, io);
}

const TOKEN_WARNING =
  'zameni: warning: other users of this machine see --token in the list of processes, and the shell keeps it. Set ZAMENI_TOKEN instead.\n';

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  try {
    const parsed = parseArguments(command, args);
    if (parsed.value('token') !== undefined) io.stderr.write(TOKEN_WARNING);
    return await command.run(parsed, io);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`zameni ${command.name}: ${message}\n`);
    if (error instanceof UsageError) {
      io.stderr.write(`Try: npx zameni ${command.name} --help\n`);
      return EXIT.usage;
    }
    if (args.includes('--json')) io.stdout.write(toJsonLine(toErrorReport(error, message)));
    return EXIT.failed;
  }
}

function toErrorReport(error: unknown, message: string) {
  const { code, traceId } =
    error instanceof CommandError ? error : { code: 'failed', traceId: undefined };
  return { error: { code, message, ...(traceId === undefined ? {} : { traceId }) } };
}

/** Splits off the command's name. Global options before it are passed on like those after it. */
function splitAtCommand(args: readonly string[]): { name: string | undefined; rest: string[] } {
  let at = 0;
  while (args[at]?.startsWith('-') === true) {
    at += /^--(?:url|token|profile)$/.test(args[at] ?? '') ? 2 : 1;
  }
  return { name: args[at], rest: [...args.slice(0, at), ...args.slice(at + 1)] };
}

function isHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(text).version);
}
