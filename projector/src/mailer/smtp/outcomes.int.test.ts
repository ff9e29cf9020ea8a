import test from 'ava';
import { type Script, startMisbehavingServer } from './misbehaving-server.fixture.ts';
import { createTestSender, longText, mailTo, SHORT_MS } from './sender.fixture.ts';
import type { SmtpOutcome, SmtpSenderOptions } from './sender.ts';

const ADDRESS = 'anna.secret@example.com';

// One at a time: long mails keep the process busy while short deadlines run.

/** A mail to a server that follows a script ends so. The server repeats the address in its text. */
const ends = test.macro(
  async (
    t,
    script: Script,
    expected: SmtpOutcome,
    {
      isLong = false,
      dots,
      ...options
    }: Partial<SmtpSenderOptions> & { isLong?: boolean; dots?: number } = {},
  ) => {
    const server = await startMisbehavingServer(t, script);
    const sender = createTestSender(t, { port: server.port, ...options });
    const outcome = await sender.send(mailTo(ADDRESS, isLong ? { text: longText() } : {}));
    t.deepEqual(outcome, expected);
    if (dots !== undefined) t.is(server.dots(), dots);
  },
);

const accepted: SmtpOutcome = { outcome: 'accepted', response: '250 2.0.0' };
const deferred = (reason: string): SmtpOutcome => ({ outcome: 'deferred', reason });
const refused = (reason: string): SmtpOutcome => ({ outcome: 'refused', reason });
const unknown = (reason: string): SmtpOutcome => ({ outcome: 'unknown', reason });
const text = `<${ADDRESS}> no`;

test.serial('a mail is accepted', ends, {}, accepted, { dots: 1 });
test.serial('a server without EHLO is enough', ends, { EHLO: '502 no' }, accepted);
test.serial(
  'a response without text is enough',
  ends,
  { final: '250' },
  {
    outcome: 'accepted',
    response: '250',
  },
);

test.serial('4xx to MAIL defers', ends, { MAIL: `451 4.3.0 ${text}` }, deferred('mail 451 4.3.0'));
test.serial(
  '4xx to RCPT defers',
  ends,
  { RCPT: `450-4.2.1 ${text}\r\n450 4.2.1 no` },
  deferred('rcpt 450 4.2.1'),
);
test.serial('4xx to DATA defers', ends, { DATA: `452 ${text}` }, deferred('data 452'), { dots: 0 });
test.serial(
  '4xx to the dot defers',
  ends,
  { final: `451 4.7.1 ${text}` },
  deferred('final 451 4.7.1'),
  {
    dots: 1,
  },
);
test.serial('421 to the dot defers', ends, { final: '421 4.3.2 bye' }, deferred('final 421 4.3.2'));
test.serial('5xx to MAIL refuses', ends, { MAIL: `550 5.7.1 ${text}` }, refused('mail 550 5.7.1'));
test.serial('5xx to RCPT refuses', ends, { RCPT: `550 5.1.1 ${text}` }, refused('rcpt 550 5.1.1'));
test.serial('5xx to DATA refuses', ends, { DATA: `554 5.5.1 ${text}` }, refused('data 554 5.5.1'));
test.serial(
  '5xx to the dot refuses',
  ends,
  { final: `552 5.3.4 ${text}` },
  refused('final 552 5.3.4'),
);
test.serial('5xx amid the data refuses', ends, { body: `552 ${text}` }, refused('data 552'), {
  isLong: true,
});
test.serial(
  'a mail over the size refuses',
  ends,
  { EHLO: '250-test\r\n250 SIZE 10' },
  refused('too-large'),
);

// They say nothing of the mail. Another server behind the name, or a mended setting, takes it.
test.serial(
  'greeting 421 defers',
  ends,
  { greeting: `421 4.3.2 ${text}` },
  deferred('greeting 421 4.3.2'),
);
test.serial(
  'greeting 554 defers',
  ends,
  { greeting: `554 5.7.1 ${text}` },
  deferred('greeting 554 5.7.1'),
);
test.serial('421 to EHLO defers', ends, { EHLO: '421 4.3.2 busy' }, deferred('ehlo 421 4.3.2'));
test.serial(
  'a missing login defers',
  ends,
  { MAIL: '530 5.7.0 login' },
  deferred('mail 530 5.7.0'),
);
test.serial('503 defers', ends, { RCPT: '503 5.5.1 order' }, deferred('rcpt 503 5.5.1'));

test.serial('dropped at once', ends, { greeting: 'drop' }, deferred('connect-lost'));
test.serial('dropped at EHLO', ends, { EHLO: 'drop' }, deferred('connect-lost'));
test.serial('dropped at MAIL', ends, { MAIL: 'drop' }, deferred('envelope-lost'));
test.serial('dropped at RCPT', ends, { RCPT: 'drop' }, deferred('envelope-lost'));
test.serial('dropped at DATA', ends, { DATA: 'drop' }, deferred('envelope-lost'), { dots: 0 });
test.serial('dropped before the dot', ends, { body: 'drop' }, deferred('data-lost'), {
  isLong: true,
  dots: 0,
});
test.serial('dropped after the dot', ends, { final: 'drop' }, unknown('final-lost'), { dots: 1 });
test.serial(
  'dropped in the middle of a reply',
  ends,
  { final: (socket) => socket.end('250 2.0.0 o') },
  unknown('final-lost'),
);
test.serial(
  'dropped in the middle of a refusal',
  ends,
  { final: (socket) => socket.end('550 5.1') },
  unknown('final-lost'),
);
test.serial(
  'closed politely after the dot',
  ends,
  { final: (socket) => socket.end() },
  unknown('final-lost'),
);

const socketMs = SHORT_MS;
test.serial(
  'stalls before the greeting',
  ends,
  { greeting: 'stall' },
  deferred('greeting-timeout'),
  {
    greetingMs: SHORT_MS,
  },
);
test.serial('stalls at EHLO', ends, { EHLO: 'stall' }, deferred('connect-timeout'), { socketMs });
test.serial('stalls at MAIL', ends, { MAIL: 'stall' }, deferred('envelope-timeout'), { socketMs });
test.serial('stalls at RCPT', ends, { RCPT: 'stall' }, deferred('envelope-timeout'), { socketMs });
test.serial('stalls at DATA', ends, { DATA: 'stall' }, deferred('envelope-timeout'), {
  socketMs,
  dots: 0,
});
test.serial(
  'stops reading the data',
  ends,
  { body: (socket) => socket.pause() },
  deferred('data-timeout'),
  { socketMs, isLong: true, dots: 0 },
);
test.serial('stalls after the dot', ends, { final: 'stall' }, unknown('final-timeout'), {
  socketMs,
  dots: 1,
});

/** Never ends a reply, and is never silent. */
const drip: Script[keyof Script] = (socket) => {
  const timer = setInterval(() => socket.write('250-still\r\n'), 20);
  socket.on('close', () => clearInterval(timer));
};
const messageMs = SHORT_MS;
test.serial('drips at EHLO', ends, { EHLO: drip }, deferred('connect-timeout'), { messageMs });
test.serial('drips at RCPT', ends, { RCPT: drip }, deferred('envelope-timeout'), { messageMs });
test.serial('drips after the dot', ends, { final: drip }, unknown('final-timeout'), { messageMs });

test.serial('nonsense for a greeting', ends, { greeting: 'hello' }, deferred('connect-protocol'));
test.serial('nonsense for RCPT', ends, { RCPT: 'hello' }, deferred('envelope-protocol'));
test.serial('nonsense after the dot', ends, { final: 'hello' }, unknown('final-protocol'));
test.serial(
  'a number that begins with 2 after the dot',
  ends,
  { final: '2 ok' },
  unknown('final-protocol'),
);
test.serial('354 after the dot', ends, { final: '354 go on' }, unknown('final-protocol'));
test.serial('250 to DATA sends nothing', ends, { DATA: '250 ok' }, deferred('data-protocol'), {
  dots: 0,
});
test.serial(
  'a reply too many shifts no other',
  ends,
  { MAIL: '250 ok\r\n250 ok' },
  deferred('data-protocol'),
  { dots: 0 },
);
test.serial(
  'accepted before it was sent is not accepted',
  ends,
  { body: '250 2.0.0 ok' },
  deferred('data-protocol'),
  { isLong: true, dots: 0 },
);

const pipelining = '250-test\r\n250 PIPELINING';
test.serial('pipelined: accepted', ends, { EHLO: pipelining }, accepted, { dots: 1 });
test.serial(
  'pipelined: 5xx to RCPT',
  ends,
  { EHLO: pipelining, RCPT: '550 5.1.1 no', DATA: '554 5.5.1 no recipients' },
  refused('rcpt 550 5.1.1'),
);
test.serial(
  'pipelined: 4xx to MAIL',
  ends,
  { EHLO: pipelining, MAIL: '451 4.3.0 no', RCPT: '503 no', DATA: '503 no' },
  deferred('mail 451 4.3.0'),
);
test.serial(
  'pipelined: 421 to MAIL',
  ends,
  { EHLO: pipelining, MAIL: (socket) => socket.end('421 4.3.2 no\r\n') },
  deferred('mail 421 4.3.2'),
);
test.serial(
  'pipelined: dropped at RCPT',
  ends,
  { EHLO: pipelining, RCPT: 'drop' },
  deferred('envelope-lost'),
);

test.serial('nobody listens', async (t) => {
  const sender = createTestSender(t, { port: 1 });
  t.deepEqual(await sender.send(mailTo(ADDRESS)), deferred('connect-failed ECONNREFUSED'));
});

test.serial('no such host', async (t) => {
  const sender = createTestSender(t, { port: 25, host: 'smtp.invalid', connectMs: 2_000 });
  const outcome = await sender.send(mailTo(ADDRESS));
  t.is(outcome.outcome, 'deferred');
  t.regex(JSON.stringify(outcome), /"connect-(?:failed [A-Z_]+|timeout)"/);
});
