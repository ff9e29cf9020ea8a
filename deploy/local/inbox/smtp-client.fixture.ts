import { connect, type Socket } from 'node:net';
import { withDeadline } from '@zameni/runtime';

/** A client that says one thing after another, as a test wants it. */
export type SmtpClient = {
  readonly socket: Socket;
  /** Says something and returns the last line of the answer. With no text it only listens. */
  readonly say: (text?: string) => Promise<string>;
  /** Sends a mail and returns the answer to its end. */
  readonly mail: (subject: string) => Promise<string>;
};

const DEADLINE_MS = 5_000;

/** Connects to an SMTP server on loopback and waits for its greeting. */
export async function connectSmtp(port: number): Promise<SmtpClient> {
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('utf8');
  let heard = '';
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  socket.on('error', () => undefined);
  socket.on('close', tell);
  socket.on('data', (text: string) => {
    heard += text;
    tell();
  });
  const say = async (text?: string): Promise<string> => {
    if (text !== undefined) socket.write(`${text}\r\n`);
    for (;;) {
      const whole = /^(?:\d{3}-.*\r\n)*(\d{3} .*)\r\n/.exec(heard);
      if (whole !== null) {
        heard = heard.slice(whole[0].length);
        return whole[1] ?? '';
      }
      if (socket.closed) return 'closed';
      await withDeadline(news.promise, DEADLINE_MS, () => new Error('the server says nothing'));
    }
  };
  await say();
  await say('EHLO test');
  const mail = async (subject: string): Promise<string> => {
    await say('MAIL FROM:<from@example.org>');
    await say('RCPT TO:<to@example.org>');
    await say('DATA');
    return say(`Subject: ${subject}\r\n\r\nHello\r\n.`);
  };
  return { socket, say, mail };
}
