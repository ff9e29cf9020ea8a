import type { Command } from './framework/command.ts';

/** Loads one command each: most runs of `zameni` need one, and modules take most of their time. */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  register: async () => (await import('./people/register-command.ts')).registerCommand,
  user: async () => (await import('./people/user-command.ts')).userCommand,
  status: async () => (await import('./stack/status-command.ts')).statusCommand,
  doctor: async () => (await import('./doctor/command.ts')).doctorCommand,
  trace: async () => (await import('./trace/command.ts')).traceCommand,
  token: async () => (await import('./stack/token-command.ts')).tokenCommand,
  link: async () => (await import('./link/command.ts')).linkCommand,
  messages: async () => (await import('./messages/command.ts')).messagesCommand,
  parked: async () => (await import('./parked/command.ts')).parkedCommand,
  rebuild: async () => (await import('./rebuild/command.ts')).rebuildCommand,
  log: async () => (await import('./log/command.ts')).logCommand,
  purge: async () => (await import('./purge/command.ts')).purgeCommand,
  keys: async () => (await import('./keys/command.ts')).keysCommand,
  completion: async () => (await import('./completion/command.ts')).completionCommand,
};

/** Loads a command by its name. Resolves to undefined if there is none. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(LOADERS, name) ? LOADERS[name]?.() : undefined;
}

/** Loads all commands, in the order of the help. */
export function loadCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}
