import { randomUUID } from 'node:crypto';
import { createClient } from '@zameni/contracts';
import { openSuperuserPool } from '@zameni/runtime/testing';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { openAdminLog } from '../../e2e/log/admin-log.ts';
import { startMailServer } from '../../e2e/mail/smtp-server.ts';
import { startBareLoop } from '../load/bare-loop.ts';
import type { MailOrder } from '../load/bare-mailer.ts';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { openMailLedger, type SentMails } from '../load/mail-ledger.ts';
import { toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';
import { untilReadable } from '../load/until-readable.ts';
import { runLoad } from '../load/wrk.ts';

/** One way to send the mails, with what it took. */
export type MailFigure = SentMails & {
  readonly way: string;
  /** CPU milliseconds per mail by process. */
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** How many mails are sent at least in each round, and how often. */
export type MailOptions = {
  readonly stack: Stack;
  /** Token with scope `registrations:write`. */
  readonly token: string;
  readonly count: number;
  readonly rounds: number;
  readonly onFigure: (figure: MailFigure) => void;
};

/** The way of the mailer, and the one that it is compared with. */
export const MAILER = 'mailer';
export const BARE_LOOP = 'loop of nodemailer';

/** The default of `ZAMENI_SMTP_CONNECTIONS`. */
const CONNECTIONS = 10;

const HEAD_DEADLINE_MS = 10_000;

/**
 * Measures how fast the mailer sends the mails of vouched registrations that were appended while it
 * had no lease, from its first to its last mail. In turn with it a bare loop of nodemailer sends as
 * many mails of the same content over as many connections to the same server. The first round of both
 * is a warm-up and does not count.
 */
export async function measureMail(options: MailOptions): Promise<MailFigure[]> {
  const { stack, token, count, rounds, onFigure } = options;
  const content = await takeSample(stack, token);
  const pool = openSuperuserPool(stack, { max: 2, name: 'bench' });
  const figures: MailFigure[] = [];
  try {
    const ledger = openMailLedger(pool);
    await using bare = startBareLoop(stack.mail.smtpPort);
    for (let round = 0; round <= rounds; round += 1) {
      await ledger.hold();
      await seed(options, `mail-${round}`);
      await untilReadable(stack.gateway.url);
      const head = await readHead(stack);
      const sending: MailFigure[] = [];
      const measure = async (
        way: string,
        pids: Readonly<Record<string, number>>,
        work: () => Promise<SentMails>,
      ) => {
        const before = readCpu(pids);
        const sent = await work();
        sending.push({ way, ...sent, cpuMs: cpuMsEach(before, readCpu(pids), sent.mails) });
        return sent;
      };
      const { pids } = await readStack('bench');
      const { mails } = await measure(MAILER, pids, () => ledger.releaseUntilSent(head));
      if (mails < count) throw new Error(`only ${mails} mails were sent`);
      await measure(BARE_LOOP, { bare: bare.pid, inbox: pids['inbox'] ?? 0 }, async () => {
        const seconds = await bare.send({ ...content, mails, connections: CONNECTIONS });
        return { mails, seconds };
      });
      if (round === 0) continue;
      figures.push(...sending);
      sending.forEach(onFigure);
    }
  } finally {
    await pool.end();
  }
  return figures;
}

type Content = Omit<MailOrder, 'mails' | 'connections'>;

/** Takes the content of a mail of the mailer's own. */
async function takeSample({ gateway, ...stack }: Stack, token: string): Promise<Content> {
  await using server = await startMailServer({ gateway, ...stack });
  await using transport = openTransport(gateway.url);
  const client = createClient({ baseUrl: gateway.url, fetch: transport.fetch, token });
  const body = toRegistration(`sample-${randomUUID()}`);
  const { status } = await client.registerPerson({ body });
  if (status !== 201) throw new Error(`a registration was answered ${status}`);
  const [mail] = await server.untilTaken(body.email, 1);
  if (mail === undefined) throw new Error('there is no mail');
  const { headers, text, html } = mail;
  const headerOf = (name: string) => headers.get(name) ?? '';
  return { from: headerOf('from'), subject: headerOf('subject'), text, html };
}

/** Registers at least `count` people, each at an address of their own. */
async function seed({ stack, token, count }: MailOptions, prefix: string): Promise<void> {
  const url = stack.services.find(({ service }) => service === 'command-api')?.url ?? '';
  let registered = 0;
  for (let chunk = 0; registered < count; chunk += 1) {
    const load = { url, token, connections: 64, seconds: 2, prefix: `${prefix}-${chunk}` };
    const { requests, failed } = await runLoad(load);
    if (failed > 0) throw new Error(`${failed} registrations of the seed failed`);
    registered += requests;
  }
}

async function readHead(stack: Stack): Promise<number> {
  await using admin = await openAdminLog(stack, 'bench');
  return await admin.log.head(AbortSignal.timeout(HEAD_DEADLINE_MS));
}
