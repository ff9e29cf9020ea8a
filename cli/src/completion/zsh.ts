import type { Command, OptionSpec } from '../framework/command.ts';
import { connectionOptions } from '../framework/global-options.ts';

/** Makes the script for zsh. Source it after compinit, or save it as _zameni in fpath. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  return `#compdef zameni
# Completes zameni in zsh.
_zameni() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${names.join('\n')}
    'help:explain a command'
  )
  _arguments -C '--help[explain]' '--version[print the version]' \\
    ${connectionOptions.map(optionSpec).join(' ')} \\
    '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $line[1] in
        help) _describe command commands ;;
${commands.map(commandCase).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _zameni ]]; then _zameni "$@"; else compdef _zameni zameni; fi
`;
}

function commandCase({ name, operand, object, options }: Command): string {
  const operands = [operand, object].flatMap((spec, index) =>
    spec === undefined
      ? []
      : [
          quote(
            `${spec.isMany === true ? '*' : index + 1}:${escapeColon(spec.name)}:${actionOf(spec.isFile, spec.choices)}`,
          ),
        ],
  );
  const specs = [...options.map(optionSpec), quote('--help[explain]'), ...operands];
  return `        ${name}) _arguments ${specs.join(' ')} ;;`;
}

function optionSpec({ name, value, summary, choices, isMany }: OptionSpec): string {
  const text = summary.replaceAll(/[[\]\\:]/g, String.raw`\$&`);
  const argument = value === undefined ? '' : `:${escapeColon(value)}:${actionOf(false, choices)}`;
  return quote(`${isMany === true ? '*' : ''}--${name}[${text}]${argument}`);
}

function actionOf(isFile: boolean | undefined, choices: readonly string[] | undefined): string {
  if (isFile === true) return '_files';
  return choices === undefined ? '' : `(${choices.map(escapeColon).join(' ')})`;
}

function escapeColon(text: string): string {
  return text.replaceAll(':', String.raw`\:`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
