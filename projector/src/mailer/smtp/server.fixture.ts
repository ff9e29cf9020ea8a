import type { AddressInfo, Server } from 'node:net';
import type { ExecutionContext } from 'ava';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as a real SMTP server received it. */
export type ReceivedMail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly isSmtpUtf8: boolean;
  readonly isTls: boolean;
  readonly source: string;
};

/** A real SMTP server that keeps every mail. */
export type TestSmtpServer = { readonly port: number; readonly mails: readonly ReceivedMail[] };

/** Starts a real SMTP server. Without `cert` it offers no TLS. */
export async function startSmtpServer(
  t: ExecutionContext,
  options: SMTPServerOptions = {},
): Promise<TestSmtpServer> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    hideSTARTTLS: options.cert === undefined,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          isSmtpUtf8: session.envelope.smtpUtf8 === true,
          isTls: session.secure,
          source: Buffer.concat(chunks).toString('utf8'),
        });
        done(null);
      });
    },
    ...options,
  });
  // Clients that refuse the certificate break the connection.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: portOf(server.server), mails };
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address() as AddressInfo;
  return address.port;
}
