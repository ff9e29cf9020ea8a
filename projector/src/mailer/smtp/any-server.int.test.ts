import type { Socket } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { type Place, type Script, startMisbehavingServer } from './misbehaving-server.fixture.ts';
import { createTestSender, mailTo } from './sender.fixture.ts';

/** What a server may do at a place. `good` stands for what it should. */
const ACTS = [
  'good',
  'drop',
  'end',
  '421 4.3.2 bye',
  '450 4.0.0 later',
  '550 5.0.0 never',
  '250 2.0.0 ok',
  '250-2.0.0 ok',
  'nonsense',
  '',
  'cut:250 2.0.0 o',
  'cut:55',
] as const;

const PLACES = ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'final', 'RSET'] as const;

const GOOD: Readonly<Partial<Record<Place, string>>> = {
  greeting: '220 test',
  EHLO: '250-test\r\n250 8BITMIME',
  DATA: '354 go on',
};

/** At the nth time that the server comes to a place, something is wrong. */
const fault = fc.record({
  place: fc.constantFrom(...PLACES),
  nth: fc.integer({ min: 1, max: 4 }),
  act: fc.constantFrom(...ACTS),
});

/** What the server did with a mail whose final dot it saw. */
type Verdict = 'took' | 'declined' | 'left open';

function toVerdict(act: string): Verdict {
  if (act === 'good' || act.startsWith('250 ')) return 'took';
  return /^[45]\d\d /.test(act) ? 'declined' : 'left open';
}

function perform(act: string, place: Place, socket: Socket): void {
  if (act === 'drop') socket.destroy();
  else if (act === 'end') socket.end();
  else if (act.startsWith('cut:')) socket.end(act.slice(4));
  else socket.write(`${act === 'good' ? (GOOD[place] ?? '250 2.0.0 ok') : act}\r\n`);
}

test('whatever a server does, no mail is taken for lost or for sent that is not', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 4 }),
      fc.boolean(),
      async (faults, isPipelining) => {
        const verdicts = new Map<string, Verdict[]>();
        const recipients = new Map<Socket, string>();
        const counts = new Map<Place, number>();
        const script: Script = {};
        for (const place of PLACES) {
          script[place] = (socket, line) => {
            const nth = (counts.get(place) ?? 0) + 1;
            counts.set(place, nth);
            const act = faults.find((one) => one.place === place && one.nth === nth)?.act ?? 'good';
            // A pipelining client ends a mail without recipients by a dot (RFC 2920 section 3.1).
            if (place === 'RCPT') recipients.set(socket, toVerdict(act) === 'took' ? line : '');
            const to = recipients.get(socket);
            if (place === 'final' && to) {
              verdicts.set(to, [...(verdicts.get(to) ?? []), toVerdict(act)]);
            }
            if (place === 'EHLO' && act === 'good' && isPipelining) {
              socket.write('250-test\r\n250 PIPELINING\r\n');
            } else perform(act, place, socket);
            return place === 'DATA' && act === 'good' ? 'data' : undefined;
          };
        }
        const server = await startMisbehavingServer(t, script);
        const sender = createTestSender(t, {
          port: server.port,
          maxConnections: 2,
          socketMs: 40,
          greetingMs: 40,
        });
        const addresses = ['a', 'b', 'c', 'd'].map((name) => `${name}@example.org`);
        const outcomes = await Promise.all(addresses.map((to) => sender.send(mailTo(to))));
        await sender.close();
        for (const [n, { outcome }] of outcomes.entries()) {
          const seen = verdicts.get(`RCPT TO:<${addresses[n]}>`) ?? [];
          const [verdict] = seen;
          const isTold =
            outcome === 'unknown' ||
            (outcome === 'accepted'
              ? verdict === 'took'
              : verdict !== 'took' && verdict !== 'left open');
          if (seen.length > 1 || !isTold)
            throw new Error(`${outcome}, but the server ${seen.join()}`);
        }
        server.close();
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});
