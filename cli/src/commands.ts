import { createCompletionCommand } from './completion/command.ts';
import { doctorCommand } from './doctor/command.ts';
import type { Command } from './framework/command.ts';
import { keysCommand } from './keys/command.ts';
import { linkCommand } from './link/command.ts';
import { logCommand } from './log/command.ts';
import { messagesCommand } from './messages/command.ts';
import { parkedCommand } from './parked/command.ts';
import { registerCommand } from './people/register-command.ts';
import { userCommand } from './people/user-command.ts';
import { purgeCommand } from './purge/command.ts';
import { rebuildCommand } from './rebuild/command.ts';
import { statusCommand } from './stack/status-command.ts';
import { tokenCommand } from './stack/token-command.ts';
import { traceCommand } from './trace/command.ts';

const commands: Command[] = [
  registerCommand,
  userCommand,
  statusCommand,
  doctorCommand,
  traceCommand,
  tokenCommand,
  linkCommand,
  messagesCommand,
  parkedCommand,
  rebuildCommand,
  logCommand,
  purgeCommand,
  keysCommand,
];
commands.push(createCompletionCommand(commands));

/** All commands of `zameni`, in the order of the help. */
export const COMMANDS: readonly Command[] = commands;
