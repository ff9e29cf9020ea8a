import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAPIServer } from '@maildev/api';
import { MemoryStorage } from '@maildev/core';
import { createSMTPServer } from '@maildev/smtp';
import { registerUI } from '@maildev/ui/server';

/** Ports and folder of an inbox. Port 0 means any free one. */
export type InboxOptions = {
  readonly smtpPort: number;
  readonly webPort: number;
  readonly folder: string;
  /** Number of mails that it keeps, the newest ones. */
  readonly maxMails: number;
};

/** A running inbox. Its mails are gone when it ends. */
export type Inbox = AsyncDisposable & { readonly smtpPort: number; readonly webPort: number };

const HOST = '127.0.0.1';
const MAX_MAIL_BYTES = 1024 * 1024;

/** A page of another site that is open in the browser must not read the links in the mails. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost):\d+$/;

/**
 * Starts maildev: an SMTP server that passes nothing on, and a page that shows what it took. The
 * parts of maildev are put together here, because its command reveals mails to every site and logs
 * addresses. It keeps the mails in memory, and the source of each in a file until it ends.
 */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const { folder, maxMails } = options;
  const mailDir = join(folder, 'mails');
  await rm(mailDir, { recursive: true, force: true });
  await mkdir(mailDir, { recursive: true, mode: 0o700 });
  const storage = new MemoryStorage({ maxEmails: maxMails });
  const smtp = createSMTPServer({
    host: HOST,
    port: options.smtpPort,
    storage,
    mailDir,
    maxMessageSize: MAX_MAIL_BYTES,
    logger: false,
  });
  const web = createAPIServer({
    host: HOST,
    port: options.webPort,
    storage,
    smtp,
    cors: { origin: false },
  });
  web.server.addHook('onRequest', async ({ headers: { host = '', origin } }, reply) => {
    const isOwn = OWN_HOST.test(host) && (origin === undefined || origin === `http://${host}`);
    if (!isOwn) return reply.code(403).send({ error: 'not from here' });
    return undefined;
  });
  await smtp.start();
  await web.registerPlugins();
  await registerUI(web.server);
  await web.listen();
  return {
    smtpPort: smtp.getPort(),
    webPort: web.getPort() ?? options.webPort,
    [Symbol.asyncDispose]: async () => {
      await web.stop();
      await smtp.stop();
      await rm(mailDir, { recursive: true, force: true });
    },
  };
}
