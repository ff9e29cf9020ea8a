import SMTPConnection, {
  type SMTPConnectionSendInfo as SendInfo,
} from 'nodemailer/lib/smtp-connection';
import { createBody } from './body.ts';
import {
  isReply,
  SmtpFault,
  type SmtpOutcome,
  type Stage,
  toAcceptedCodes,
  toFailure,
} from './outcome.ts';

/** How connections are protected. `tls`: from the first byte; `starttls-required`: before any mail. */
export type TlsPolicy = 'starttls-required' | 'tls' | 'none';

/** The server, and how it is spoken to. */
export type SessionOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPolicy;
  /** Certificates (PEM) that are trusted instead of those that Node trusts. */
  readonly ca?: string;
  readonly login?: { readonly user: string; readonly password: string };
  /** Name of this host in EHLO. The default is the host name, or the address if that has no dot. */
  readonly clientName?: string;
  /** Milliseconds to set up a connection: host name, TCP, greeting and TLS. */
  readonly connectMs: number;
  /** Milliseconds of these for the greeting, and as many for TLS. */
  readonly greetingMs: number;
  /** Milliseconds in which the server neither says nor reads anything. */
  readonly socketMs: number;
};

/** The addresses that a mail goes from and to, as commands name them. */
export type Envelope = {
  readonly from: string;
  readonly to: string;
  readonly needsSmtpUtf8: boolean;
};

/** How a mail in a session ended, and where it was then. */
export type SessionResult = { readonly outcome: SmtpOutcome; readonly stage: Stage };

/** One connection to the server, which sends one mail at a time. */
export type Session = {
  /** Sends a mail. Never rejects. The session ends with every failure that is not the mail's own. */
  readonly send: (envelope: Envelope, mail: Buffer, end: AbortSignal) => Promise<SessionResult>;
  readonly isOpen: () => boolean;
  /** Says goodbye. Resolves when the connection is closed, after `quitMs` at the latest. */
  readonly quit: (quitMs: number) => Promise<void>;
};

/** A session that could not be opened. */
export type Unopened = { readonly failure: SessionResult };

type Done<T> = (error?: Error | null, result?: T) => void;

/** Opens a session. Never rejects. */
export async function openSession(
  options: SessionOptions,
  end: AbortSignal,
): Promise<Session | Unopened> {
  const connection = new SMTPConnection(toConnectionOptions(options));
  // A fault between two mails ends the session; isOpen tells. Without a listener it would throw.
  connection.on('error', () => undefined);
  const { login } = options;
  let stage: Stage = 'connect';
  try {
    await takeStep(connection, end, (done: Done<unknown>) => connection.connect(done));
    // The last reply is the one to EHLO. It lists the extensions.
    const hasSmtpUtf8 = /^250[ -]SMTPUTF8\b/im.test(connection.lastServerResponse || '');
    stage = 'login';
    if (login !== undefined) {
      const { user, password: pass } = login;
      await takeStep(connection, end, (done: Done<unknown>) =>
        connection.login({ user, pass }, done),
      );
    }
    return toSession(connection, hasSmtpUtf8);
  } catch (error) {
    connection.close();
    return { failure: { outcome: toFailure(error, stage), stage } };
  }
}

function toSession(connection: SMTPConnection, hasSmtpUtf8: boolean): Session {
  const isOpen = () => !connection.destroyed;
  let needsReset = false;

  async function send(envelope: Envelope, mail: Buffer, end: AbortSignal): Promise<SessionResult> {
    let stage: Stage = 'envelope';
    if (envelope.needsSmtpUtf8 && !hasSmtpUtf8) {
      return { outcome: { outcome: 'refused', reason: 'smtputf8-missing' }, stage };
    }
    const body = createBody(mail, {
      onBegin: () => {
        stage = 'data';
        // nodemailer also sends on a 250, which would be the reply to another command.
        return (connection.lastServerResponse || '').startsWith('354');
      },
      onEnd: () => {
        stage = 'final';
      },
    });
    // Read through a function: the compiler does not see that the stream changes it.
    const stageNow = (): Stage => stage;
    try {
      if (needsReset) {
        await takeStep(connection, end, (done: Done<unknown>) => connection.reset(done));
        needsReset = false;
      }
      const { from, to } = envelope;
      const info = await takeStep(connection, end, (done: Done<SendInfo>) =>
        connection.send({ from, to, size: mail.length }, body, done),
      );
      const response = toAcceptedCodes(info?.response ?? '');
      // A reply before the final dot belongs to something else.
      if (stageNow() !== 'final' || response === undefined) throw new SmtpFault('protocol');
      return { outcome: { outcome: 'accepted', response }, stage: 'final' };
    } catch (error) {
      const stage = stageNow();
      // In the middle of the data no other command can be sent.
      if (isReply(error, stage) && stage !== 'data') needsReset = true;
      else connection.close();
      return { outcome: toFailure(error, stage), stage };
    } finally {
      body.destroy();
    }
  }

  async function quit(quitMs: number): Promise<void> {
    if (connection.destroyed) return;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    connection.once('end', resolve);
    const timer = setTimeout(() => connection.close(), quitMs);
    connection.quit();
    await closed;
    clearTimeout(timer);
  }

  return { send, isOpen, quit };
}

/**
 * Runs one step of the protocol. It ends by its callback, by a fault of the connection or by the
 * signal, which closes the connection at once: what is not sent then never is.
 */
async function takeStep<T>(
  connection: SMTPConnection,
  end: AbortSignal,
  begin: (done: Done<T>) => void,
): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const onEnd = () => {
    // nodemailer closes the connection just before it hands over the reply that made it do so.
    queueMicrotask(() => reject(new SmtpFault('lost')));
  };
  const onAbort = () => {
    reject(end.reason instanceof SmtpFault ? end.reason : new SmtpFault('timeout'));
    connection.close();
  };
  connection.once('error', reject);
  connection.once('end', onEnd);
  end.addEventListener('abort', onAbort, { once: true });
  try {
    if (end.aborted) onAbort();
    else begin((error, result) => (error ? reject(error) : resolve(result)));
    return await promise;
  } finally {
    connection.off('error', reject);
    connection.off('end', onEnd);
    end.removeEventListener('abort', onAbort);
  }
}

function toConnectionOptions(options: SessionOptions): SMTPConnection.Options {
  const { host, port, tls, ca, clientName, connectMs, greetingMs, socketMs } = options;
  return {
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls-required',
    ignoreTLS: tls === 'none',
    connectionTimeout: connectMs,
    dnsTimeout: connectMs,
    greetingTimeout: greetingMs,
    socketTimeout: socketMs,
    // A closed connection sends nothing more, so that a mail before its final dot stays unsent.
    socketCloseTimeout: 0,
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    ...(clientName !== undefined && { name: clientName }),
    logger: false,
  };
}
