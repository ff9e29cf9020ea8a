import type { Command } from '../framework/command.ts';

/**
 * Makes the script for bash (3.2 and newer, without the bash-completion package). The script splits
 * the line itself, because bash ends a word at the colon in a scope.
 */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const valued = new Set(
    commands.flatMap(({ options }) => options.filter(({ value }) => value).map(({ name }) => name)),
  );
  return `# Completes zameni in bash.
_zameni() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() cur='' previous='' command='' candidates='' i
  COMPREPLY=()
  read -ra words <<< "$line"
  case "$line" in
    *[[:space:]]) ;;
    *) cur="\${words[\${#words[@]}-1]}"; unset "words[\${#words[@]}-1]" ;;
  esac
  previous="\${words[\${#words[@]}-1]}"
  for ((i = 1; i < \${#words[@]}; i++)); do
    case "\${words[i]}" in
      ${pattern([...valued].map((name) => `--${name}`))}) ((i++)) ;;
      -*) ;;
      *) command="\${words[i]}"; break ;;
    esac
  done
  case "$command $previous" in
${commands.flatMap(choiceCases).join('\n')}
  esac
  if [[ -z $candidates ]]; then
    case "$command" in
      '') candidates='${names} help --help --version --url --token --profile' ;;
      help) candidates='${names}' ;;
${commands.map(commandCase).join('\n')}
    esac
  fi
  local reply
  while read -r reply; do
    [[ -n $reply ]] && COMPREPLY+=("\${reply#"\${cur%"\${cur##*:}"}"}")
  done < <(compgen -W "$candidates" -- "$cur")
}
complete -F _zameni zameni
`;
}

function choiceCases({ name, options }: Command): string[] {
  return options
    .filter(({ value }) => value !== undefined)
    .map((option) =>
      option.choices === undefined
        ? `    '${name} --${option.name}') return ;;`
        : `    '${name} --${option.name}') candidates='${option.choices.join(' ')}' ;;`,
    );
}

function commandCase({ name, operand, object, options }: Command): string {
  const operands = [...(operand?.choices ?? []), ...(object?.choices ?? [])];
  const words = [...operands, ...options.map((o) => `--${o.name}`), '--help'];
  const offers = `candidates='${words.join(' ')}'`;
  if (operand?.isFile !== true) return `      ${name}) ${offers} ;;`;
  const files = 'compopt -o default 2> /dev/null; return';
  return `      ${name}) if [[ $cur == -* ]]; then ${offers}; else ${files}; fi ;;`;
}

function pattern(names: readonly string[]): string {
  return names.join('|');
}
