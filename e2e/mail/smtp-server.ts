import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Stack, waitUntil } from '@zameni/runtime/testing';
import type { Behaviour } from './behaviour.ts';
import { type ParsedMail, parseMail } from './parse-mail.ts';

/** A mail that the server took. */
export type TakenMail = ParsedMail & { readonly to: string; readonly atMs: number };

/** An SMTP server of the test's own. All mails of the stack end in it. */
export type MailServer = AsyncDisposable & {
  /** What it does with the next deliveries to a mailbox, one after another. Then it accepts. */
  readonly plan: (mailbox: string, ...behaviours: readonly Behaviour[]) => void;
  /** Changes the milliseconds that it thinks after each final dot. */
  readonly think: (thinkMs: number) => void;
  /** Mails that it took for a mailbox, the oldest first. */
  readonly mailsTo: (mailbox: string) => readonly TakenMail[];
  /** Waits until it took so many mails for a mailbox, and returns them. */
  readonly untilTaken: (
    mailbox: string,
    count: number,
    deadlineMs?: number,
  ) => Promise<readonly TakenMail[]>;
  /** Milliseconds (`performance.now`) of all deliveries to a mailbox that began. */
  readonly deliveriesTo: (mailbox: string) => readonly number[];
  /** The number of mails for each mailbox of a domain. */
  readonly countByMailbox: (domain: string) => ReadonlyMap<string, number>;
};

/** How the server differs from one that takes addresses in every script. */
export type MailServerOptions = { readonly hasSmtpUtf8?: boolean };

/** Milliseconds in which the stack's own server notices that a test's one listens. */
const NOTICED_MS = 400;

/** Milliseconds until an ordinary mail has arrived, also on a busy machine. */
const ARRIVAL_MS = 15_000;

/** Starts the server where the stack hands over to one. */
export async function startMailServer(
  { mail: { testSmtpPort } }: Stack,
  { hasSmtpUtf8 = true }: MailServerOptions = {},
): Promise<MailServer> {
  if (testSmtpPort === null) throw new Error('this stack keeps its mails');
  const plans = new Map<string, Behaviour[]>();
  const taken = new Map<string, { readonly source: string; readonly atMs: number }[]>();
  const deliveries = new Map<string, number[]>();
  const sockets = new Set<Socket>();
  let thinkMs = 0;

  function begin(mailbox: string): Behaviour {
    const times = deliveries.get(mailbox) ?? [];
    times.push(performance.now());
    deliveries.set(mailbox, times);
    return plans.get(mailbox)?.shift() ?? 'accept';
  }

  function take(mailbox: string, source: string): void {
    const mails = taken.get(mailbox) ?? [];
    mails.push({ source, atMs: performance.now() });
    taken.set(mailbox, mails);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Mailers are killed, and connections are broken on purpose.
    socket.on('error', () => undefined);
    socket.setEncoding('latin1');
    const extensions = ['8BITMIME', 'SIZE 10485760', ...(hasSmtpUtf8 ? ['SMTPUTF8'] : [])];
    serve(socket, { begin, take, extensions, thinkMs: () => thinkMs });
  });
  server.listen(testSmtpPort, '127.0.0.1');
  await once(server, 'listening');
  await pause(NOTICED_MS);

  const mailsTo = (mailbox: string) =>
    (taken.get(mailbox) ?? []).map(({ source, atMs }) => {
      return { ...parseMail(source), to: mailbox, atMs };
    });
  return {
    plan: (mailbox, ...behaviours) => void plans.set(mailbox, [...behaviours]),
    think: (ms) => {
      thinkMs = ms;
    },
    mailsTo,
    untilTaken: async (mailbox, count, deadlineMs = ARRIVAL_MS) => {
      const countNow = () => taken.get(mailbox)?.length ?? 0;
      await waitUntil(() => countNow() >= count, deadlineMs).catch((cause: unknown) => {
        throw new Error(`${mailbox} got ${countNow()} mails, not ${count}`, { cause });
      });
      return mailsTo(mailbox);
    },
    deliveriesTo: (mailbox) => deliveries.get(mailbox) ?? [],
    countByMailbox: (domain) => {
      const all = [...taken].filter(([mailbox]) => mailbox.endsWith(`@${domain}`));
      return new Map(all.map(([mailbox, mails]) => [mailbox, mails.length]));
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Deps = {
  readonly begin: (mailbox: string) => Behaviour;
  readonly take: (mailbox: string, source: string) => void;
  readonly extensions: readonly string[];
  readonly thinkMs: () => number;
};

/** Serves one connection. A mail has one recipient. */
function serve(socket: Socket, { begin, take, extensions, thinkMs }: Deps): void {
  let rest = '';
  let mailbox = '';
  let behaviour: Behaviour = 'accept';
  let isInData = false;
  const say = (line: string) => void socket.write(`${line}\r\n`);

  function onLine(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') {
      const lines = ['test', ...extensions];
      const last = lines.length - 1;
      return say(lines.map((text, n) => `250${n === last ? ' ' : '-'}${text}`).join('\r\n'));
    }
    if (verb === 'RCPT') {
      const [, address = ''] = /<(.*)>/.exec(Buffer.from(line, 'latin1').toString('utf8')) ?? [];
      mailbox = address;
      behaviour = begin(mailbox);
      if (behaviour === 'stall') return undefined;
      if (behaviour === 'later') return say(`450 4.2.1 <${mailbox}> is busy`);
      if (behaviour === 'never') return say(`550 5.1.1 <${mailbox}> is unknown`);
      return say('250 2.1.5 OK');
    }
    if (verb === 'DATA') {
      isInData = true;
      return say('354 Go ahead');
    }
    if (verb === 'QUIT') return void socket.end('221 2.0.0 Bye\r\n');
    return say('250 2.0.0 OK');
  }

  async function onDot(source: string): Promise<void> {
    if (thinkMs() > 0) await pause(thinkMs());
    if (behaviour === 'drop-after-dot') return void socket.destroy();
    if (behaviour === 'never-data') return say('554 5.7.1 No');
    take(mailbox, source);
    if (behaviour === 'take-and-drop') return void socket.destroy();
    if (behaviour === 'accept-and-die') return void socket.end('250 2.0.0 Taken\r\n');
    say('250 2.0.0 Taken');
  }

  socket.on('data', (text: string) => {
    rest += text;
    while (!socket.destroyed) {
      if (isInData && behaviour === 'drop-before-dot') return void socket.destroy();
      const mark = isInData ? '\r\n.\r\n' : '\r\n';
      const end = rest.indexOf(mark);
      if (end === -1) return;
      const piece = rest.slice(0, end);
      rest = rest.slice(end + mark.length);
      if (isInData) {
        isInData = false;
        // A dot at the beginning of a line was doubled (RFC 5321 section 4.5.2).
        void onDot(piece.replaceAll('\r\n..', '\r\n.'));
      } else onLine(piece);
    }
  });
  say('220 test ESMTP');
}
