import {
  MAX_MESSAGES_PAGE,
  MESSAGE_STATES,
  MessageFilter,
  type MessageState,
  MessagesView,
  parseUserId,
  type Scope,
} from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, EXIT, UsageError } from '../framework/command.ts';
import { type Io, toJsonLine } from '../framework/io.ts';
import type { OperatorClient } from '../operator/client.ts';
import { listPages, withQuery } from './pages.ts';
import { createMessagePort } from './port.ts';
import { redrive, type RedriveTarget } from './redrive.ts';
import type { LedgerReport, MessagesReport } from './reports.ts';
import { toLedgerTable, toMessagesTable, toRedriveText } from './text.ts';

/** Bounds of `--limit`. */
export const LIMIT = { min: 1, max: 10_000, byDefault: 100 } as const;

/** What was asked for: the port to ask, the scopes, and the work. */
export type Action = {
  readonly service: 'gateway' | 'mailer';
  readonly scopes: readonly Scope[];
  /** Returns the exit status. */
  readonly run: (client: OperatorClient) => Promise<number>;
};

/** Options that only some actions take. The others are for all. */
const OPTIONS_OF = {
  id: [],
  ls: ['state', 'reason', 'limit'],
  redrive: ['all', 'reason', 'dry-run'],
} as const satisfies Record<string, readonly string[]>;

/** Checks the arguments before anything is sent. Throws UsageError. */
export function toAction(args: Arguments, io: Io): Action {
  const name = args.operand === 'ls' || args.operand === 'redrive' ? args.operand : 'id';
  refuseForeignOptions(name, args);
  switch (name) {
    case 'id':
      return toRead(args, io);
    case 'ls':
      return toList(args, io);
    case 'redrive':
      return toRedrive(args, io);
    default:
      return name satisfies never;
  }
}

function toRead(args: Arguments, io: Io): Action {
  const id = parseUserId(args.operand);
  if (id === undefined) {
    throw new UsageError('<id> is a UUID, as a registration returns it, or one of: ls, redrive');
  }
  if (args.objects.length > 0) throw new UsageError('one id is enough');
  const run = async ({ ask }: OperatorClient): Promise<number> => {
    const { messages } = await listPages(Number.MAX_SAFE_INTEGER, (after) => {
      const limit = String(MAX_MESSAGES_PAGE);
      const path = withQuery(`/v1/users/${id}/messages`, { limit, after });
      return ask({ method: 'GET', path, answer: MessagesView });
    });
    const report: MessagesReport = { id, messages: [...messages] };
    io.stdout.write(args.has('json') ? toLine(report) : toMessagesTable(messages, io.stdout));
    return EXIT.done;
  };
  return { service: 'gateway', scopes: ['ops:read'], run };
}

function toList(args: Arguments, io: Io): Action {
  if (args.objects.length > 0) throw new UsageError('ls takes no operand');
  const selection = { state: stateOf(args), reason: reasonOf(args) };
  const limit = parseInteger(args, 'limit', LIMIT);
  const run = async (client: OperatorClient): Promise<number> => {
    const listed = await createMessagePort(client).list(selection, limit);
    const report: LedgerReport = { messages: [...listed.messages], hasMore: listed.hasMore };
    io.stdout.write(args.has('json') ? toLine(report) : toLedgerTable(listed, io.stdout));
    return EXIT.done;
  };
  return { service: 'mailer', scopes: ['ops:read'], run };
}

function toRedrive(args: Arguments, io: Io): Action {
  const target = targetOf(args);
  const isDryRun = args.has('dry-run');
  const run = async (client: OperatorClient): Promise<number> => {
    const report = await redrive(createMessagePort(client), target, { isDryRun });
    io.stdout.write(args.has('json') ? toLine(report) : toRedriveText(report, io.stdout));
    return report.count >= report.messages.length ? EXIT.done : EXIT.failed;
  };
  return { service: 'mailer', scopes: isDryRun ? ['ops:read'] : ['ops:read', 'ops:write'], run };
}

/** All abandoned mails need a reason: some, such as those to wrong addresses, fail every time. */
function targetOf(args: Arguments): RedriveTarget {
  const ids = args.objects;
  const reason = reasonOf(args);
  if (args.has('all') === ids.length > 0) {
    throw new UsageError('redrive takes ids of mails, or --all instead');
  }
  if (args.has('all')) {
    if (reason === undefined) throw new UsageError('--all needs --reason, as ls shows it');
    return { reason };
  }
  if (reason !== undefined) throw new UsageError('--reason of redrive needs --all');
  const wrong = ids.find((id) => !/^[1-9]\d{0,14}$/.test(id));
  if (wrong === undefined) return { ids };
  throw new UsageError(`"${wrong}" is no id of a mail, which is a number that ls shows`);
}

/** The parser has checked it against its choices. */
function stateOf(args: Arguments): MessageState | undefined {
  const state = args.value('state');
  return state !== undefined && isState(state) ? state : undefined;
}

function isState(text: string): text is MessageState {
  return Object.hasOwn(MESSAGE_STATES, text);
}

function reasonOf(args: Arguments): string | undefined {
  const reason = args.value('reason');
  if (reason === undefined || Compile(MessageFilter).Check({ reason })) return reason;
  throw new UsageError('--reason takes a reason as ls shows it, or its first words');
}

function refuseForeignOptions(name: keyof typeof OPTIONS_OF, args: Arguments): void {
  const own: ReadonlySet<string> = new Set(OPTIONS_OF[name]);
  const foreign = Object.values(OPTIONS_OF)
    .flat()
    .find((option) => !own.has(option) && (args.has(option) || args.value(option) !== undefined));
  if (foreign === undefined) return;
  const what = name === 'id' ? 'an id' : name;
  throw new UsageError(`${what} does not take --${foreign}`);
}

function toLine(report: object): string {
  return toJsonLine(report);
}
