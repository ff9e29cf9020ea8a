import type { Command, OperandSpec, OptionSpec } from './command.ts';
import { alignColumns } from './io.ts';

/** Returns the text of `zameni --help`. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, operand, summary }) => [
    `  ${name}${operand === undefined ? '' : ` <${operand.name}>`}`,
    summary,
  ]);
  return `${[
    'Usage: npx zameni <command> [options]',
    '',
    'Commands:',
    ...alignColumns(rows),
    '',
    'Options of the commands that send requests, before or after the command:',
    '  --url <gateway>   --token <jwt> (better: ZAMENI_TOKEN)   --profile <name>',
    '',
    'npx zameni <command> --help explains a command, with examples.',
    'npx zameni --version prints the version.',
    '',
    'Exit status: 0 done, 1 failed, 2 wrong arguments, 130 stopped by Ctrl-C.',
  ].join('\n')}\n`;
}

/** Returns the text of `zameni <command> --help`. */
export function helpOf(command: Command): string {
  const { name, operand, object, options, description, examples, exitStatuses } = command;
  const usage = [
    `Usage: npx zameni ${name}`,
    ...(operand === undefined ? [] : [`<${operand.choices?.join('|') ?? operand.name}>`]),
    ...(object === undefined
      ? []
      : [`[${object.choices?.join('|') ?? object.name}]${many(object)}`]),
    ...(options.length === 0 ? [] : ['[options]']),
  ].join(' ');
  const statuses = { 0: 'done', 1: 'failed', 2: 'wrong arguments', ...exitStatuses };
  return `${[
    usage,
    '',
    description.trim(),
    '',
    ...(options.length === 0 ? [] : ['Options:', ...alignColumns(options.map(toRow)), '']),
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    'Exit status:',
    ...Object.entries(statuses).map(([status, meaning]) => `  ${status.padEnd(3)}  ${meaning}`),
  ].join('\n')}\n`;
}

function many({ isMany }: OperandSpec): string {
  return isMany === true ? '...' : '';
}

function toRow({ name, value, summary, isMany }: OptionSpec): string[] {
  return [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    `${summary}${isMany === true ? '; may be repeated' : ''}`,
  ];
}
