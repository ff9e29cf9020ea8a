import type { Socket } from 'node:net';

/** A connection that is served. */
export type DiscardSession = {
  /** Ends the connection, after the mail under way if there is one. */
  readonly endWhenIdle: () => void;
};

/** Characters of a line of a command, or of an answer that never comes. */
const MAX_LINE = 4_096;

const END_OF_MAIL = '\r\n.\r\n';

const GREETING = ['250-inbox', '250-8BITMIME', '250-SMTPUTF8', '250 SIZE 10485760'].join('\r\n');

/**
 * Serves SMTP on a connection, and throws the mails away. States:
 * - command: a line is a command.
 * - mail: after MAIL and until its end, when a connection that is to end ends.
 * - data: everything up to a line with a dot is a mail. Only its last characters are kept.
 */
export function createDiscardSession(socket: Socket): DiscardSession {
  let state: 'command' | 'mail' | 'data' = 'command';
  let rest = '';
  let isEnding = false;
  const say = (line: string) => void socket.write(`${line}\r\n`);

  /** Takes from `rest` what is complete. Returns false if more has to come. */
  function step(): boolean {
    if (state === 'data') {
      const end = rest.indexOf(END_OF_MAIL);
      if (end === -1) {
        rest = rest.slice(-END_OF_MAIL.length + 1);
        return false;
      }
      rest = rest.slice(end + END_OF_MAIL.length);
      state = 'command';
      say('250 2.0.0 Thrown away');
      return true;
    }
    const end = rest.indexOf('\r\n');
    if (end === -1) {
      if (rest.length > MAX_LINE) socket.destroy();
      return false;
    }
    const line = rest.slice(0, end);
    rest = rest.slice(end + 2);
    obey(line.slice(0, 4).trim().toUpperCase());
    return true;
  }

  function obey(command: string): void {
    switch (command) {
      case 'EHLO':
        return say(GREETING);
      case 'MAIL':
        state = 'mail';
        return say('250 2.1.0 OK');
      case 'DATA':
        if (state !== 'mail') return say('503 5.5.1 MAIL first');
        state = 'data';
        // A mail may be empty: then its first line is the dot.
        rest = `\r\n${rest}`;
        return say('354 Go ahead');
      case 'RSET':
        state = 'command';
        return say('250 2.0.0 OK');
      case 'HELO':
      case 'RCPT':
      case 'NOOP':
        return say('250 2.0.0 OK');
      case 'QUIT':
        say('221 2.0.0 Bye');
        return void socket.end();
      default:
        return say('502 5.5.2 Unknown');
    }
  }

  function endIfIdle(): void {
    if (isEnding && state === 'command') socket.end();
  }

  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    rest += text;
    while (!socket.writableEnded && step());
    endIfIdle();
  });
  say('220 inbox ESMTP');
  socket.resume();
  return {
    endWhenIdle: () => {
      isEnding = true;
      endIfIdle();
    },
  };
}
