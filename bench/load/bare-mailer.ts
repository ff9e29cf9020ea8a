import nodemailer from 'nodemailer';

// The baseline of the mailer: a plain loop of nodemailer. For each order of its parent it sends so
// many mails with the same content to different mailboxes, composing each, and answers with the
// seconds. It reads no log, keeps no ledger and renders nothing.

/** An order. */
export type MailOrder = {
  readonly mails: number;
  readonly connections: number;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** The answer to an order. */
export type MailsSent = { readonly seconds: number };

const port = Number(process.argv[2]);

process.on('message', (order: MailOrder) => {
  void send(order).then((sent) => process.send?.(sent));
});

async function send({ mails, connections, from, subject, text, html }: MailOrder) {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: connections,
  });
  const startedAt = performance.now();
  let begun = 0;
  const worker = async () => {
    while (begun < mails) {
      begun += 1;
      const to = `bare-${begun}@example.org`;
      await transport.sendMail({ from, to, subject, text, html });
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;
  transport.close();
  return { seconds } satisfies MailsSent;
}
