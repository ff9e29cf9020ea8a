import type { Command } from './command.ts';
import { createCompletionCommand } from './completion-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { forgetCommand } from './forget-command.ts';
import { keysCommand } from './keys-command.ts';
import { linkCommand } from './link-command.ts';
import { registerCommand } from './register-command.ts';
import { statusCommand } from './status-command.ts';
import { tokenCommand } from './token-command.ts';
import { userCommand } from './user-command.ts';

const commands: Command[] = [
  registerCommand,
  userCommand,
  statusCommand,
  doctorCommand,
  tokenCommand,
  linkCommand,
  forgetCommand,
  keysCommand,
];
commands.push(createCompletionCommand(commands));

/** Every command of `zameni`, in the order of the help. */
export const COMMANDS: readonly Command[] = commands;
