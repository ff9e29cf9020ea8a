import type { Command, OptionSpec } from '../framework/command.ts';

/** Makes the script for fish. */
export function fishCompletion(commands: readonly Command[]): string {
  const names = [...commands.map(({ name }) => name), 'help'].join(' ');
  const first = `not __fish_seen_subcommand_from ${names}`;
  return `${[
    '# Completes zameni in fish.',
    'complete -c zameni -f',
    `complete -c zameni -n ${quote(first)} -l version -d ${quote('print the version')}`,
    'complete -c zameni -l help -d explain',
    `complete -c zameni -n ${quote(first)} -a help -d ${quote('explain a command')}`,
    `complete -c zameni -n '__fish_seen_subcommand_from help' -a ${quote(names)}`,
    ...commands.flatMap((command) => [
      `complete -c zameni -n ${quote(first)} -a ${command.name} -d ${quote(command.summary)}`,
      ...linesOf(command),
    ]),
  ].join('\n')}\n`;
}

function linesOf({ name, operand, object, options }: Command): string[] {
  const within = `complete -c zameni -n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    ...(operand?.isFile === true ? [`${within} -F`] : []),
    ...[operand, object].flatMap((spec) =>
      spec?.choices === undefined ? [] : [`${within} -a ${quote(spec.choices.join(' '))}`],
    ),
    ...options.map((option) => `${within} ${optionOf(option)}`),
  ];
}

function optionOf({ name, value, summary, choices }: OptionSpec): string {
  return [
    `-l ${name}`,
    ...(value === undefined ? [] : ['-x']),
    ...(choices === undefined ? [] : [`-a ${quote(choices.join(' '))}`]),
    `-d ${quote(summary)}`,
  ].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
