import { runUntilStopped } from './run-until-stopped.ts';
import { startInbox } from './inbox.ts';

/** An import mails thousands of people, and nobody reads them all. */
const MAX_MAILS = 500;

// Files of mails are for their owner only.
process.umask(0o077);
const [smtpPort, webPort, folder = ''] = process.argv.slice(2);
await runUntilStopped(
  await startInbox({
    smtpPort: Number(smtpPort),
    webPort: Number(webPort),
    folder,
    maxMails: MAX_MAILS,
  }),
);
