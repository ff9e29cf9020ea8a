import { type Command, EXIT } from '../framework/command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `zameni completion`: prints a script that completes commands and options, made from the table. */
export function createCompletionCommand(commands: readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print a script that lets a shell complete zameni',
    operand: { name: 'shell', choices: Object.keys(SCRIPTS) },
    options: [],
    description: `
Prints a script for the shell. It completes the word zameni, so give npx zameni
that name first, in the shell's start file, in front of the script:

  bash   alias zameni='npx zameni'; source <(npx zameni completion bash)
  zsh    alias zameni='npx zameni'; source <(npx zameni completion zsh)
         (after compinit)
  fish   alias zameni 'npx zameni'; npx zameni completion fish | source`,
    examples: [
      'source <(npx zameni completion bash)',
      'npx zameni completion fish > ~/.config/fish/completions/zameni.fish',
    ],
    run: async ({ operand }, { stdout }) => {
      // The operand was checked against the names of the scripts.
      stdout.write(SCRIPTS[operand]?.(commands) ?? '');
      return EXIT.done;
    },
  };
}
