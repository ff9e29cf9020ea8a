import { createHash } from 'node:crypto';
import { coerceError } from '@zameni/runtime';
import type { Mail, Rendered } from '../mail.ts';
import type { Message, Outcome } from '../ledger/message.ts';
import type { SmtpSender } from '../smtp/sender.ts';
import { NotCoveredError } from './attempts-on-mailbox.ts';
import { compose, type ComposeDeps } from './compose.ts';
import { decideMail } from './decide.ts';
import { lookUp, type LookUpDeps } from './look-up.ts';
import { RETRY_TIMES, retryDelayMs, type RetryTimes } from './retry.ts';
import type { UnmadeLog } from './unmade-log.ts';

/** What sending one mail needs. */
export type DeliverDeps = LookUpDeps &
  ComposeDeps & {
    readonly smtp: Pick<SmtpSender, 'send'>;
    readonly render: (mail: Mail) => Rendered;
    readonly from: string;
    readonly unmade: Pick<UnmadeLog, 'note'>;
    /** Notes that a mail is handed to a server. False if another process has taken it since. */
    readonly hand: (message: Message) => Promise<boolean>;
    readonly retry?: RetryTimes;
  };

/** Milliseconds to look up what a mail depends on. */
const LOOK_UP_MS = 10_000;

/** Milliseconds until a wish is looked at again that the read model does not cover yet. */
const NOT_COVERED_MS = 500;

/**
 * Decides what a mail is now, sends it, and says how that ended. Rejects on abort only: then the
 * mail stays marked as sending. Undefined if another process has taken the mail since.
 */
export async function deliver(
  deps: DeliverDeps,
  message: Message,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  try {
    const end = AbortSignal.any([signal, AbortSignal.timeout(LOOK_UP_MS)]);
    const facts = await lookUp(deps, message, end);
    const decision = decideMail(message, facts);
    if (decision.mail === 'none') return { state: 'not-needed', reason: decision.reason };
    const composed = await compose(deps, { decision, message, facts }, end);
    if (composed === undefined) return { state: 'not-needed', reason: 'erased' };
    return await send(deps, message, composed);
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof NotCoveredError) {
      return { state: 'waiting', reason: 'read-model-behind', delayMs: NOT_COVERED_MS };
    }
    deps.unmade.note(message, coerceError(error));
    return later(deps, message, 'not-made');
  }
}

async function send(
  deps: DeliverDeps,
  message: Message,
  { to, mail: content }: { readonly to: string; readonly mail: Mail },
): Promise<Outcome | undefined> {
  const { subject, text, html } = deps.render(content);
  const { kind } = content;
  const id = messageIdOf(message, deps.from);
  let isOurs = true;
  const mail = { id, from: deps.from, to, subject, text, html };
  const result = await deps.smtp.send(mail, async () => (isOurs = await deps.hand(message)));
  if (!isOurs) return undefined;
  switch (result.outcome) {
    case 'accepted':
      return { state: 'sent', kind };
    case 'deferred':
      // This process ends. The next one is to send the mail at once.
      if (/\bclosed$/.test(result.reason)) {
        return { state: 'waiting', kind, reason: result.reason, delayMs: 0 };
      }
      return later(deps, { ...message, tries: message.tries + 1 }, result.reason, kind);
    case 'unknown':
      return { state: 'doubtful', kind, reason: result.reason };
    case 'refused':
      return { state: 'abandoned', kind, reason: result.reason };
    default:
      return result satisfies never;
  }
}

function later(deps: DeliverDeps, message: Message, reason: string, kind?: string): Outcome {
  const delayMs = retryDelayMs(message, deps.now(), deps.retry ?? RETRY_TIMES);
  const known = kind === undefined ? {} : { kind };
  if (delayMs === undefined) return { state: 'abandoned', ...known, reason: `too-old: ${reason}` };
  return { state: 'waiting', ...known, reason, delayMs };
}

/**
 * The same for every try, so that mail programs can recognise a repeated mail. It depends on ids
 * that nobody guesses, and reveals no position.
 */
function messageIdOf({ cause, recipient, position }: Message, from: string): string {
  const host = /@([^@>]+)>?$/.exec(from)?.[1] ?? 'localhost';
  const digest = createHash('sha256')
    .update(`${cause} ${recipient} ${position}`)
    .digest('base64url');
  return `<${digest.slice(0, 32)}@${host}>`;
}
