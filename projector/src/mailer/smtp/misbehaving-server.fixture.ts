import { createServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { portOf } from './server.fixture.ts';

/** Where a server does something: at a command, at the first bytes of the data, or at the final dot. */
export type Place =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'body'
  | 'final'
  | 'RSET'
  | 'QUIT';

/**
 * What it does: lines to reply with, `drop` the connection, `stall`, or
 * something of its own, which returns `data` if it lets a mail begin.
 */
export type Act = string | ((socket: Socket, line: string) => unknown);

/** A server's behaviour where it differs from a good server's. */
export type Script = Partial<Record<Place, Act>>;

/** A server that misbehaves in ways that a library for servers does not offer. */
export type MisbehavingServer = {
  readonly port: number;
  /** All lines of clients but those of mails. */
  readonly commands: readonly string[];
  /** Connections now, in all, and at once at most. */
  readonly connections: { open: number; total: number; most: number };
  /** Final dots that it saw. */
  readonly dots: () => number;
  /** Changes what it does from now on. */
  readonly change: (script: Script) => void;
  /** Ends it before the test does. */
  readonly close: () => void;
};

const GOOD: Readonly<Record<Place, string>> = {
  greeting: '220 test ESMTP',
  EHLO: '250-test\r\n250 SIZE 99999999',
  HELO: '250 test',
  STARTTLS: '502 5.5.1 no',
  AUTH: '502 5.5.1 no',
  MAIL: '250 2.1.0 ok',
  RCPT: '250 2.1.5 ok',
  DATA: '354 go on',
  body: '',
  final: '250 2.0.0 ok',
  RSET: '250 2.0.0 ok',
  QUIT: '221 2.0.0 bye',
};

/** Starts a server that follows a script. */
export async function startMisbehavingServer(
  t: ExecutionContext,
  first: Script = {},
): Promise<MisbehavingServer> {
  let script = first;
  let dots = 0;
  const commands: string[] = [];
  const connections = { open: 0, total: 0, most: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    connections.total += 1;
    connections.open += 1;
    connections.most = Math.max(connections.most, connections.open);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connections.open -= 1;
      sockets.delete(socket);
    });
    let rest = '';
    let isInData = false;
    let hasBegun = false;

    function act(place: Place, line = ''): void {
      const what = script[place] ?? GOOD[place];
      if (typeof what === 'function') {
        if (what(socket, line) === 'data') isInData = true;
      } else if (what === 'drop') socket.destroy();
      else if (what !== 'stall' && what !== '') socket.write(`${what}\r\n`);
      if (place === 'DATA' && typeof what === 'string' && what.startsWith('354')) isInData = true;
    }

    function takeLine(line: string): void {
      if (!isInData) {
        commands.push(line);
        const verb = line.slice(0, line.search(/\W|$/)).toUpperCase();
        act(isPlace(verb) ? verb : 'QUIT', line);
        return;
      }
      if (!hasBegun) {
        hasBegun = true;
        act('body');
      }
      if (line === '.') {
        dots += 1;
        isInData = false;
        hasBegun = false;
        act('final');
      }
    }

    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!socket.destroyed) takeLine(line);
    });
    act('greeting');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  t.teardown(close);
  return {
    port: portOf(server),
    commands,
    connections,
    dots: () => dots,
    change: (next) => {
      script = next;
    },
    close,
  };
}

function isPlace(verb: string): verb is Place {
  return Object.hasOwn(GOOD, verb);
}
