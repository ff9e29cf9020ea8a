import { DEADLINES } from '@zameni/runtime/deadlines';
import { parseUserId, PositionToken, UserView } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseInteger } from '../framework/arguments.ts';
import {
  type Arguments,
  type Command,
  CommandError,
  EXIT,
  UsageError,
} from '../framework/command.ts';
import { connect } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import {
  alignColumns,
  type Io,
  paint,
  type Screen,
  toPrintable,
  toJsonLine,
} from '../framework/io.ts';
import { readProblem } from '../framework/problem-answer.ts';

/** Output of `zameni user --json`. */
export const UserReport = Type.Object(
  {
    user: UserView,
    position: Type.Union([Type.String(), Type.Null()], {
      description: 'The position in the log that the answer covers',
    }),
  },
  { additionalProperties: false, title: 'UserReport' },
);
export type UserReport = Static<typeof UserReport>;

/** Maximum seconds that the query API waits. */
const MAX_WAIT_SECONDS = DEADLINES.preferWait / 1_000;
/** Milliseconds for the answer after the wait. */
const REQUEST_DEADLINE_MS = 10_000;

/** `zameni user`: prints a person. */
export const userCommand: Command = {
  name: 'user',
  summary: 'print a person',
  operand: { name: 'id' },
  options: [
    {
      name: 'min-position',
      value: '<position>',
      summary: 'Position of an earlier answer; the data is at least as fresh',
    },
    {
      name: 'wait',
      value: '<seconds>',
      summary: `time to wait for --min-position, 0 to ${MAX_WAIT_SECONDS} (default: 5)`,
    },
    jsonOption,
    ...connectionOptions,
  ],
  description: `
Prints the person with this id. An account has the id of its registration. The
command needs a token with the scope users:read, or the person's own token.`,
  examples: [
    'npx zameni user 01890a5d-ac96-774b-bcce-b302099a8057',
    'npx zameni user REGISTRATION_ID --min-position POSITION --wait 10 --json',
  ],
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const id = parseUserId(args.operand.toLowerCase());
  if (id === undefined) throw new UsageError('<id> is a UUID, as a registration returns it');
  const minPosition = args.value('min-position');
  if (minPosition !== undefined && !Compile(PositionToken).Check(minPosition)) {
    throw new UsageError('--min-position takes the Position header of an earlier answer');
  }
  const waitSeconds = parseInteger(args, 'wait', { min: 0, max: MAX_WAIT_SECONDS, byDefault: 5 });
  const { url, token } = await connect(args, io.env, ['users:read']);
  const bearer = await token();
  const response = await request(
    `${url}/v1/users/${id}`,
    waitSeconds * 1_000 + REQUEST_DEADLINE_MS,
    {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(minPosition === undefined
        ? {}
        : { 'min-position': minPosition, prefer: `wait=${waitSeconds}` }),
    },
  );
  const report = readUser(response.status, response.text, response.position);
  io.stdout.write(args.has('json') ? toJsonLine(report) : toTable(report, io.stdout));
  return EXIT.done;
}

async function request(url: string, deadlineMs: number, headers: Record<string, string>) {
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await fetch(url, { headers, signal, redirect: 'manual' });
    const position = response.headers.get('position');
    return { status: response.status, text: await response.text(), position };
  } catch (cause) {
    const { origin } = new URL(url);
    throw new CommandError('no-answer', `nothing answers at ${origin}; try npx zameni status`, {
      cause,
    });
  }
}

function readUser(status: number, text: string, position: string | null): UserReport {
  if (status !== 200) {
    const { code, title, traceId } = readProblem(text);
    const trace = traceId === undefined ? '' : ` (trace ${traceId})`;
    const message = `${title === undefined ? '' : `${title}: `}${code}, status ${status}${trace}`;
    throw new CommandError(code, toPrintable(message), traceId === undefined ? {} : { traceId });
  }
  const user = parseJson(text);
  if (!Compile(UserView).Check(user)) {
    throw new CommandError('unexpected-answer', 'the answer does not match this version of Zameni');
  }
  return { user, position };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the answer, which may contain personal data.
    return undefined;
  }
}

function toTable({ user, position }: UserReport, screen: Screen): string {
  const { userId, email, emailVerified, displayName, profile, ...rest } = user;
  const rows = [
    ['user', userId],
    ['address', `${email} (${emailVerified ? 'verified' : 'not verified'})`],
    ['name', displayName],
    ['locale', rest.locale],
    ['terms', rest.termsVersion],
    ['status', rest.status],
    ['registered', rest.registeredAt],
    ['version', String(rest.version)],
    ...(rest.parked === true ? [['parked', 'later records wait; this is the state before']] : []),
    ...Object.entries(profile).map(([name, value]) => [`profile.${name}`, JSON.stringify(value)]),
    ...(position === null ? [] : [['position', position]]),
  ];
  const printable = rows.map(([name = '', value = '']) => [name, toPrintable(value)]);
  return alignColumns(printable)
    .map((line, index) => {
      const name = rows[index]?.[0] ?? '';
      return `${paint(screen, 'dim', name)}${line.slice(name.length)}\n`;
    })
    .join('');
}
