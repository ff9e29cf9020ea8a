import { MESSAGE_STATES } from '@zameni/contracts';
import type { Arguments, Command } from '../framework/command.ts';
import { connect } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import { listenForInterrupts, orStopped } from '../framework/interrupts.ts';
import { alignColumns, type Io } from '../framework/io.ts';
import { createOperatorClient, type OperatorClient } from '../operator/client.ts';
import { connectOperator } from '../operator/connect.ts';
import { type Action, LIMIT, toAction } from './actions.ts';

const states = alignColumns(
  Object.entries(MESSAGE_STATES).map(([state, meaning]) => [`  ${state}`, meaning]),
);

/** `zameni messages`: shows what became of mails, and has them tried again. */
export const messagesCommand: Command = {
  name: 'messages',
  summary: 'show what became of the mails to a person, or of all; redrive abandoned ones',
  operand: { name: 'id|ls|redrive' },
  object: { name: 'mail', isMany: true },
  options: [
    {
      name: 'state',
      value: '<state>',
      summary: 'ls: only those in this state',
      choices: Object.keys(MESSAGE_STATES),
    },
    {
      name: 'reason',
      value: '<reason>',
      summary: 'ls, redrive --all: only those with it; its first words are enough',
    },
    {
      name: 'limit',
      value: '<number>',
      summary: `ls: most mails to show, ${LIMIT.min} to ${LIMIT.max} (default: ${LIMIT.byDefault})`,
    },
    { name: 'all', summary: 'redrive: every abandoned mail with --reason' },
    { name: 'dry-run', summary: 'redrive: only show what would be tried again' },
    jsonOption,
    ...connectionOptions.map((option) =>
      option.name === 'url'
        ? { ...option, summary: 'URL of Zameni; for ls and redrive, of the port of a mailer' }
        : option,
    ),
  ],
  description: `
With the id of an account or an attempt it prints every mail that was asked for
with that id, the newest first: which mail, its state, how often it was tried,
the next try and the reason. It shows neither address nor link. A mail that is
not decided yet is named after its cause, in brackets. The states are:

${states.join('\n')}

ls prints the mails of everybody, the newest first. redrive takes the numbers that
it prints. An abandoned or unknown mail then waits for a try now, and its tries
start again; a waiting one is tried now. The mailer decides as usual which mail it
is then, or that none is needed. A mail that was sent is never sent again.

The command asks the gateway about a person, and a mailer for everything else. It
needs a token with the scope ops:read, or ops:write for redrive.`,
  examples: [
    'npx zameni messages 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni messages ls --state abandoned',
    'npx zameni messages redrive 4711 4712',
    "npx zameni messages redrive --all --reason 'rcpt 550' --dry-run",
  ],
  exitStatuses: { 1: 'failed, or redrive refused a mail or did not find it' },
  run: async (args, io) => {
    const action = toAction(args, io);
    using interrupts = listenForInterrupts(() => undefined);
    return await orStopped(interrupts, async () =>
      action.run(await toClient(action, args, io.env, interrupts.signal)),
    );
  },
};

/** The gateway speaks of a person as an operator's port speaks, so one client is enough. */
async function toClient(
  { service, scopes }: Action,
  args: Arguments,
  env: Io['env'],
  signal: AbortSignal,
): Promise<OperatorClient> {
  if (service === 'mailer') return connectOperator(args, env, { service, scopes, signal });
  const { url, token } = await connect(args, env, scopes);
  return createOperatorClient({ service, urls: [url], token, signal });
}
