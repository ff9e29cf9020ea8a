import { type Command, EXIT } from '../framework/command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `zameni completion`: prints a completion script made from the specifications of the commands. */
export const completionCommand: Command = {
  name: 'completion',
  summary: 'print a script that lets a shell complete zameni',
  operand: { name: 'shell', choices: Object.keys(SCRIPTS) },
  options: [],
  description: `
Prints a completion script for the shell. The script completes the word zameni, so
the shell's start file must first define zameni as an alias of npx zameni:

  bash   alias zameni='npx zameni'; source <(npx zameni completion bash)
  zsh    alias zameni='npx zameni'; source <(npx zameni completion zsh)
         (after compinit)
  fish   alias zameni 'npx zameni'; npx zameni completion fish | source`,
  examples: [
    'source <(npx zameni completion bash)',
    'npx zameni completion fish > ~/.config/fish/completions/zameni.fish',
  ],
  run: async ({ operand }, { stdout }) => {
    // The list of commands has this one too.
    const { loadCommands } = await import('../commands.ts');
    // The operand was checked against the names of the scripts.
    stdout.write(SCRIPTS[operand]?.(await loadCommands()) ?? '');
    return EXIT.done;
  },
};
