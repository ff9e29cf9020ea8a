import type { NodemailerError } from 'nodemailer/lib/errors';

/** How sending a mail ended. */
export type SmtpOutcome =
  /** The server took it. The response is its code and enhanced code, such as `250 2.0.0`. */
  | { readonly outcome: 'accepted'; readonly response: string }
  /** The server did not take it. It may later. */
  | { readonly outcome: 'deferred'; readonly reason: string }
  /** The connection ended after the final dot: nobody here knows whether the server took it. */
  | { readonly outcome: 'unknown'; readonly reason: string }
  /** The server will never take it. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** Every outcome but that of a mail that was taken. */
export type SmtpFailure = Exclude<SmtpOutcome, { readonly outcome: 'accepted' }>;

/**
 * Where a mail is. `connect`: the connection is set up, with greeting, EHLO and TLS. `login`.
 * `envelope`: until the server asks for the data. `data`: until all of it is handed to the socket.
 * `final`: the final dot is on its way, or may be. Only here the server can have taken the mail.
 */
export type Stage = 'connect' | 'login' | 'envelope' | 'data' | 'final';

/** A fault of this side or of the connection, as a word. */
export class SmtpFault extends Error {
  override readonly name = 'SmtpFault';
  readonly word: 'timeout' | 'closed' | 'lost' | 'protocol';

  constructor(word: SmtpFault['word']) {
    super(word);
    this.word = word;
  }
}

/**
 * Replies that say something of the session or of the login and nothing of the mail, although they
 * begin with 5: bad sequence, and authentication (RFC 4954 section 6). Another try may succeed.
 */
const NOT_OF_THE_MAIL: ReadonlySet<number> = new Set([503, 530, 534, 535, 538]);

/** Names of commands in reasons. Another command of the set-up has the name of its stage. */
const COMMANDS: Readonly<Record<string, string>> = {
  'MAIL FROM': 'mail',
  'RCPT TO': 'rcpt',
  DATA: 'data',
  EHLO: 'ehlo',
  HELO: 'helo',
  STARTTLS: 'starttls',
};

const TIMEOUTS: Readonly<Record<string, string>> = {
  GREETING_TIMEOUT: 'greeting-timeout',
  UPGRADE_TIMEOUT: 'starttls-timeout',
};

/** Words for codes of nodemailer that tell all there is to tell. */
const FAULTS: Readonly<Record<string, string>> = {
  ECONNECTION: 'lost',
  EPROTOCOL: 'protocol',
  EENVELOPE: 'protocol',
  EMESSAGE: 'protocol',
};

/**
 * Tells what a failure means for the mail. Worse than a mail twice is a mail lost, so a failure is
 * `refused` only by a reply to a command of this mail, and `unknown` rather than `deferred` if the
 * final dot may have been sent. Only codes leave this function: a server's text may hold addresses.
 */
export function toFailure(error: unknown, stage: Stage): SmtpFailure {
  const fault: NodemailerError = error instanceof Error ? error : new Error();
  const reply = replyOf(fault, stage);
  if (reply !== undefined) {
    const isRefused = isOfTheMail(stage) && reply.code >= 500 && !NOT_OF_THE_MAIL.has(reply.code);
    return { outcome: isRefused ? 'refused' : 'deferred', reason: reply.text };
  }
  if (fault.code === 'EMESSAGE' && stage === 'envelope' && fault.responseCode === undefined) {
    return { outcome: 'refused', reason: 'too-large' };
  }
  return { outcome: stage === 'final' ? 'unknown' : 'deferred', reason: describe(fault, stage) };
}

/** The response of a server that took a mail, as codes, or undefined if it is no such response. */
export function toAcceptedCodes(response: string): string | undefined {
  return /^2\d\d(?![^\s-])/.test(response) ? codesOf(response) : undefined;
}

/** Whether the server itself said what it thinks of the mail, so that the session can go on. */
export function isReply(error: unknown, stage: Stage): boolean {
  return isOfTheMail(stage) && error instanceof Error && replyOf(error, stage) !== undefined;
}

function isOfTheMail(stage: Stage): boolean {
  return stage === 'envelope' || stage === 'data' || stage === 'final';
}

/**
 * The server's reply to a command. A reply that came with the end of the connection counts for the
 * set-up only: afterwards it may be cut short, or answer something else.
 */
function replyOf(
  { code, command, response, responseCode = 0 }: NodemailerError,
  stage: Stage,
): { readonly code: number; readonly text: string } | undefined {
  const isOfCommand = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (response === undefined || responseCode < 400 || responseCode > 599) return undefined;
  if (isOfTheMail(stage) && !isOfCommand) return undefined;
  const greeting = stage === 'connect' ? 'greeting' : stage;
  const name = stage === 'final' ? 'final' : (COMMANDS[command ?? ''] ?? greeting);
  return { code: responseCode, text: `${name} ${codesOf(response)}` };
}

/** The code and the enhanced code (RFC 2034) of a response. */
function codesOf(response: string): string {
  const [, code = '', enhanced] =
    /^(\d{3})(?:[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(response) ?? [];
  return enhanced === undefined ? code : `${code} ${enhanced}`;
}

function describe(fault: NodemailerError, stage: Stage): string {
  if (fault instanceof SmtpFault) return `${stage}-${fault.word}`;
  if (fault.code === 'ETIMEDOUT') {
    return TIMEOUTS[fault.timeoutType ?? ''] ?? `${stage}-timeout`;
  }
  const word = FAULTS[fault.code ?? ''];
  if (word !== undefined) return `${stage}-${word}`;
  if (stage !== 'connect') return `${stage}-lost`;
  // Names of errors of Node and OpenSSL, such as ECONNREFUSED or CERT_HAS_EXPIRED.
  const name = fault.originalCode ?? '';
  return /^[A-Z][A-Z0-9_]{1,63}$/.test(name) ? `connect-failed ${name}` : 'connect-failed';
}
