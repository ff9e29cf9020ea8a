import { createHistogram, METRICS, SPANS, withSpan } from '@zameni/runtime';
import { ofSmtp } from '../send/outcome.ts';
import { parseMailAddress, parseMailbox } from './address.ts';
import { composeMail, type DkimKey } from './compose.ts';
import { SmtpFault, type SmtpOutcome } from './outcome.ts';
import { openSession, type Envelope, type Session, type SessionOptions } from './session.ts';

export type { SmtpOutcome } from './outcome.ts';

/** A mail to send. Addresses and texts are as people wrote them. */
export type SmtpMessage = {
  /** The Message-ID, with angle brackets. It is the same for every try. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Sends mails to one server. */
export type SmtpSender = AsyncDisposable & {
  /**
   * Sends a mail. Never rejects, and ends after `messageMs` at the latest. `mayBegin` is asked when
   * the mail has its turn: without its yes the mail is deferred, and no server has seen it.
   */
  readonly send: (message: SmtpMessage, mayBegin?: () => Promise<boolean>) => Promise<SmtpOutcome>;
  /**
   * Takes no more mails, finishes those under way, for `drainMs` at most, and closes all
   * connections. Mails that still wait for one are deferred at once.
   */
  readonly close: () => Promise<void>;
};

/** Bounds of a sender. */
export type SmtpLimits = {
  /** Connections at once. */
  readonly maxConnections: number;
  /** Milliseconds after which a mail is slow and lets another one have its turn. */
  readonly slowMs: number;
  /** Connections beside `maxConnections` while as many are slow, so that nobody waits for them. */
  readonly maxSlow: number;
  /** Mails that wait for a connection. More are deferred at once. */
  readonly maxWaiting: number;
  /** Mails over one connection. Servers end connections after some number. */
  readonly maxMessagesPerConnection: number;
  /** Milliseconds for a mail in all, its wait for a connection included. */
  readonly messageMs: number;
  /** Milliseconds that an unused connection is kept. */
  readonly idleMs: number;
  /** Milliseconds that `close` waits for mails under way. */
  readonly drainMs: number;
};

/** The server, and what mails to it are signed with. */
export type SmtpSenderOptions = SessionOptions &
  SmtpLimits & {
    readonly dkim?: DkimKey;
  };

/** Milliseconds that a server has to answer the goodbye. */
const QUIT_MS = 500;

const yes = async () => true;

type Kept = { readonly session: Session; sent: number; idle?: NodeJS.Timeout };

/**
 * Creates a sender with a pool of connections. A mail takes a kept connection or opens one. A fault
 * of a connection ends that connection and concerns the mail on it only. A kept connection that the
 * server has ended meanwhile is no fault of the mail: it is sent over a new one at once.
 */
export function createSmtpSender(options: SmtpSenderOptions): SmtpSender {
  const { maxConnections, maxWaiting, messageMs, drainMs } = options;
  const kept: Kept[] = [];
  const waiting = new Set<(turn: 'begin' | 'closed') => void>();
  const underWay = new Map<AbortController, Promise<SmtpOutcome>>();
  const goodbyes = new Set<Promise<void>>();
  let free = maxConnections;
  let slow = 0;
  let closing: Promise<void> | undefined;
  const measureSend = createHistogram(METRICS.mail.sendDuration);

  async function send(message: SmtpMessage, mayBegin = yes): Promise<SmtpOutcome> {
    if (closing !== undefined) return { outcome: 'deferred', reason: 'closed' };
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(new SmtpFault('timeout')), messageMs);
    const sending = sendInTurn(message, mayBegin, ending.signal).finally(() => {
      clearTimeout(timer);
      underWay.delete(ending);
    });
    underWay.set(ending, sending);
    return sending;
  }

  async function sendInTurn(
    message: SmtpMessage,
    mayBegin: () => Promise<boolean>,
    end: AbortSignal,
  ): Promise<SmtpOutcome> {
    const to = parseMailAddress(message.to);
    const from = parseMailbox(message.from);
    if (to === undefined) return { outcome: 'refused', reason: 'address-invalid' };
    if (from === undefined) return { outcome: 'deferred', reason: 'sender-invalid' };
    const turn = await takeTurn(end);
    if (turn !== 'begin') return { outcome: 'deferred', reason: turn };
    let isSlow = false;
    const timer = setTimeout(() => {
      if (slow >= options.maxSlow) return;
      isSlow = true;
      slow += 1;
      giveTurn();
    }, options.slowMs);
    try {
      const mail = await composeMail({ ...message, from, to }, options.dkim);
      if (!(await mayBegin())) return { outcome: 'deferred', reason: 'not-begun' };
      const needsSmtpUtf8 = from.needsSmtpUtf8 || to.needsSmtpUtf8;
      const envelope = { from: from.address, to: to.address, needsSmtpUtf8 };
      return await inSpan(() => sendMail(envelope, mail, end));
    } catch {
      // Sessions never reject, so the mail could not be written, or not be begun. The error may quote
      // it.
      return { outcome: 'deferred', reason: 'not-composed' };
    } finally {
      clearTimeout(timer);
      if (isSlow) slow -= 1;
      else giveTurn();
    }
  }

  async function inSpan(sendIt: () => Promise<SmtpOutcome>): Promise<SmtpOutcome> {
    const attributes = { 'server.address': options.host };
    return withSpan(SPANS.smtp, { attributes }, async (set) => {
      const beganAtMs = performance.now();
      const result = await sendIt();
      const outcome = { 'zameni.mail.outcome': ofSmtp(result) };
      measureSend((performance.now() - beganAtMs) / 1_000, outcome);
      set({ ...outcome, ...('reason' in result && { 'error.type': result.reason }) });
      return result;
    });
  }

  async function sendMail(
    envelope: Envelope,
    mail: Buffer,
    end: AbortSignal,
  ): Promise<SmtpOutcome> {
    const old = takeKept();
    if (old !== undefined) {
      const { outcome, isStale } = await sendOver(old, envelope, mail, end);
      if (!isStale || end.aborted) return outcome;
    }
    const session = await openSession(options, end);
    if ('failure' in session) return session.failure.outcome;
    return (await sendOver({ session, sent: 0 }, envelope, mail, end)).outcome;
  }

  async function sendOver(
    connection: Kept,
    envelope: Envelope,
    mail: Buffer,
    end: AbortSignal,
  ): Promise<{ readonly outcome: SmtpOutcome; readonly isStale: boolean }> {
    const { session } = connection;
    const { outcome, stage } = await session.send(envelope, mail, end);
    connection.sent += 1;
    const isStale = outcome.outcome === 'deferred' && stage === 'envelope' && !session.isOpen();
    if (session.isOpen()) keep(connection);
    return { outcome, isStale };
  }

  function takeKept(): Kept | undefined {
    for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
      clearTimeout(last.idle);
      if (last.session.isOpen()) return last;
    }
    return undefined;
  }

  function keep(connection: Kept): void {
    const isWornOut = connection.sent >= options.maxMessagesPerConnection;
    if (closing !== undefined || isWornOut) {
      part(connection);
      return;
    }
    connection.idle = setTimeout(() => {
      kept.splice(kept.indexOf(connection), 1);
      part(connection);
    }, options.idleMs).unref();
    kept.push(connection);
  }

  function part({ session }: Kept): void {
    const goodbye = session.quit(QUIT_MS).finally(() => goodbyes.delete(goodbye));
    goodbyes.add(goodbye);
  }

  /** Waits until fewer than `maxConnections` mails are under way. */
  async function takeTurn(end: AbortSignal): Promise<'begin' | 'closed' | 'busy'> {
    if (free > 0) {
      free -= 1;
      return 'begin';
    }
    if (waiting.size >= maxWaiting) return 'busy';
    const { promise, resolve } = Promise.withResolvers<'begin' | 'closed' | 'busy'>();
    waiting.add(resolve);
    const giveUp = () => {
      if (waiting.delete(resolve)) resolve('busy');
    };
    end.addEventListener('abort', giveUp, { once: true });
    return promise.finally(() => end.removeEventListener('abort', giveUp));
  }

  /** Passes a turn directly to the mail that waits longest. */
  function giveTurn(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next('begin');
  }

  async function closeAll(): Promise<void> {
    for (const turnAway of waiting) turnAway('closed');
    waiting.clear();
    const timer = setTimeout(() => {
      for (const ending of underWay.keys()) ending.abort(new SmtpFault('closed'));
    }, drainMs);
    await Promise.allSettled(underWay.values());
    clearTimeout(timer);
    for (let last = takeKept(); last !== undefined; last = takeKept()) part(last);
    await Promise.allSettled(goodbyes);
  }

  const close = async () => {
    closing ??= closeAll();
    await closing;
  };
  return { send, close, [Symbol.asyncDispose]: close };
}
