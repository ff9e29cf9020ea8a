import { generateKeyPairSync } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { checkDkim } from './dkim.fixture.ts';
import { startMisbehavingServer } from './misbehaving-server.fixture.ts';
import { createTestSender, mailTo } from './sender.fixture.ts';
import type { SmtpMessage, SmtpSenderOptions } from './sender.ts';
import { type ReceivedMail, startSmtpServer } from './server.fixture.ts';

/** Sends a mail to a real server and returns it as it arrived. */
async function receive(
  t: ExecutionContext,
  message: SmtpMessage,
  options: Partial<SmtpSenderOptions> = {},
): Promise<ReceivedMail> {
  const server = await startSmtpServer(t);
  const sender = createTestSender(t, { port: server.port, ...options });
  t.deepEqual((await sender.send(message)).outcome, 'accepted');
  const [mail] = server.mails;
  if (mail === undefined) throw new Error('no mail arrived');
  return mail;
}

/** The fields of a mail's header, unfolded, as `name: value`, names in lower case. */
function fieldsOf({ source }: ReceivedMail): string[] {
  const header = source.slice(0, source.indexOf('\r\n\r\n')).replaceAll(/\r\n(?=[ \t])/g, '');
  return header.split('\r\n').map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
}

test('a mail says what it is, whence and to whom', async (t) => {
  const mail = await receive(
    t,
    mailTo('Anna@Example.COM', { headers: { 'Content-Language': 'en' } }),
  );
  t.is(mail.from, 'noreply@example.org');
  t.deepEqual(mail.to, ['Anna@example.com']);
  const fields = fieldsOf(mail);
  t.true(fields.includes('message-id: <one@example.org>'));
  t.true(fields.includes('auto-submitted: auto-generated'));
  t.true(fields.includes('content-language: en'));
  t.true(fields.includes('from: Library <noreply@example.org>'));
  t.true(fields.includes('to: Anna@example.com'));
  t.true(fields.includes('subject: Welcome'));
  t.true(fields.some((field) => field.startsWith('date: ')));
  t.true(fields.some((field) => field.startsWith('content-type: multipart/alternative;')));
  t.deepEqual(
    fields.filter((field) => /^(?:x-mailer|received|bcc|reply-to):/.test(field)),
    [],
  );
});

test('text and HTML arrive as they were, with lines of a single dot', async (t) => {
  const { source } = await receive(t, mailTo('a@example.org', { text: 'one\n.\n..\nfour' }));
  t.true(source.includes('\r\none\r\n.\r\n..\r\nfour\r\n'));
  t.true(source.includes('\r\n<p>Hello</p>\r\n'));
});

test('a mail in another script has 7-bit lines of bounded length', async (t) => {
  const russian = 'Здравствуйте! '.repeat(200);
  const { source } = await receive(
    t,
    mailTo('a@example.org', { subject: russian, text: russian, html: `<p>${russian}</p>` }),
  );
  t.regex(source, /^[\t\r\n -~]*$/);
  t.true(source.split('\r\n').every((line) => line.length <= 78));
});

test('an IDN host goes out in Punycode', async (t) => {
  const mail = await receive(t, mailTo('anna@bücher.example'));
  t.false(mail.isSmtpUtf8);
  t.true(fieldsOf(mail).includes('to: anna@xn--bcher-kva.example'));
});

test('a sender with an IDN host and a name in another script', async (t) => {
  const from = 'Библиотека №1 <noreply@почта.example>';
  const mail = await receive(t, mailTo('a@example.org', { from, id: '<x@почта.example>' }));
  t.false(mail.isSmtpUtf8);
  const sender = fieldsOf(mail).find((field) => field.startsWith('from: '));
  t.regex(sender ?? '', /^from: =\?UTF-8\?B\?\S+\?= <noreply@xn--80a1acny\.example>$/);
  t.true(fieldsOf(mail).includes('message-id: <x@xn--80a1acny.example>'));
});

test('SMTPUTF8 is used where the server offers it and the address needs it', async (t) => {
  const mail = await receive(t, mailTo('юля@почта.example'));
  t.true(mail.isSmtpUtf8);
  t.true(fieldsOf(mail).includes('to: юля@почта.example'));
});

/** A mail goes out with these commands. */
const commands = test.macro(
  async (t, message: Partial<SmtpMessage> & { readonly to: string }, expected: RegExp[]) => {
    const server = await startMisbehavingServer(t, { EHLO: '250-test\r\n250 SMTPUTF8' });
    const sender = createTestSender(t, { port: server.port });
    t.is((await sender.send(mailTo(message.to, message))).outcome, 'accepted');
    const [, mail = '', rcpt = ''] = server.commands;
    for (const [n, line] of [mail, rcpt].entries()) t.regex(line, expected[n] ?? /^$/);
  },
);
test('commands: an IDN host', commands, { to: 'anna@Bücher.example' }, [
  /^MAIL FROM:<noreply@example\.org>$/,
  /^RCPT TO:<anna@xn--bcher-kva\.example>$/,
]);
test(
  'commands: an IDN host of the sender',
  commands,
  { to: 'a@example.org', from: 'Почта <noreply@почта.example>' },
  [/^MAIL FROM:<noreply@xn--80a1acny\.example>$/, /^RCPT TO:<a@example\.org>$/],
);
test('commands: another local part', commands, { to: 'юля@почта.example' }, [
  /^MAIL FROM:<noreply@example\.org> SMTPUTF8$/,
  /^RCPT TO:<юля@xn--80a1acny\.example>$/,
]);

test('without SMTPUTF8 such an address is refused, and the server is told nothing', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port });
  t.deepEqual(await sender.send(mailTo('юля@почта.example')), {
    outcome: 'refused',
    reason: 'smtputf8-missing',
  });
  t.is((await sender.send(mailTo('a@почта.example'))).outcome, 'accepted');
  t.is(server.connections.total, 1);
  t.is(server.commands.filter((command) => command.startsWith('MAIL')).length, 1);
});

test('SMTPUTF8 in the greeting of EHLO offers nothing', async (t) => {
  const server = await startMisbehavingServer(t, { EHLO: '250-mx SMTPUTF8\r\n250 SIZE' });
  const sender = createTestSender(t, { port: server.port });
  const outcome = await sender.send(mailTo('юля@example.org'));
  t.deepEqual(outcome, { outcome: 'refused', reason: 'smtputf8-missing' });
});

/** No value adds a field, a recipient or a line to a mail. */
const keepsItsPlace = test.macro(async (t, other: Partial<SmtpMessage>) => {
  const mail = await receive(t, mailTo('a@example.org', other));
  t.deepEqual(mail.to, ['a@example.org']);
  const names = fieldsOf(mail).map((field) => field.slice(0, field.indexOf(':')));
  t.deepEqual(
    names.filter((name) => name === 'bcc' || name === 'x-evil'),
    [],
  );
  t.is(new Set(names).size, names.length);
  const { source } = mail;
  t.is(source.slice(0, source.indexOf('\r\n\r\n')).includes('\r\n\r\n'), false);
});
for (const end of ['\r\n', '\n', '\r', '\u2028', '\u0085', '\0\r\n', '\r\n\r\n']) {
  const evil = `Bcc: b@example.org${end}X-Evil: yes`;
  const where = JSON.stringify(end);
  test(`no header by the subject: ${where}`, keepsItsPlace, { subject: `Hi${end}${evil}` });
  test(`no header by the name: ${where}`, keepsItsPlace, {
    from: `Li${end}${evil} <noreply@example.org>`,
  });
  test(`no header by a header: ${where}`, keepsItsPlace, {
    headers: { 'Content-Language': `en${end}${evil}` },
  });
}
test('a name is no address', keepsItsPlace, { from: 'b@example.org, "x\\ <noreply@example.org>' });
test('a text has no final dot in it', keepsItsPlace, {
  text: 'a\r\n.\r\nMAIL FROM:<x@example.org>\r\n\r.\r\n.\n',
  html: '\r\n.\r\n',
});

for (const to of [
  'a@example.org\r\nRCPT TO:<b@example.org>',
  'a@example.org>\r\nDATA',
  'a\r\n@example.org',
  'a@exam\0ple.org',
  '<a@example.org>',
  'a@example.org, b@example.org',
  'a b@example.org',
  'a@b@example.org',
  'a@example.org/x',
  'a@[127.0.0.1]',
  `${'a'.repeat(250)}@example.org`,
  'example.org',
  '@example.org',
  'a@',
  '',
]) {
  test(`no server can take ${JSON.stringify(to.slice(0, 40))}`, async (t) => {
    const server = await startMisbehavingServer(t);
    const outcome = await createTestSender(t, { port: server.port }).send(mailTo(to));
    t.deepEqual(outcome, { outcome: 'refused', reason: 'address-invalid' });
    t.is(server.connections.total, 0);
  });
}

test('a Message-ID that would break its header defers, and no mail goes', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port });
  for (const id of ['one@example.org', '<a@example.org>\r\nX: y', '<ü@example.org>', '<a b@c.d>']) {
    const outcome = await sender.send(mailTo('a@example.org', { id }));
    t.deepEqual(outcome, { outcome: 'deferred', reason: 'not-composed' });
  }
  const outcome = await sender.send(mailTo('a@example.org', { from: 'nobody' }));
  t.deepEqual(outcome, { outcome: 'deferred', reason: 'sender-invalid' });
  t.is(server.connections.total, 0);
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const dkim = { domain: 'example.org', selector: 'mail2026', privateKey };

for (const [what, other] of Object.entries<Partial<SmtpMessage> & { readonly to?: string }>({
  'a plain mail': {},
  'spaces and empty lines': { text: 'a  b \t\n\n\n.\nc\n\n\n', html: '\n<p>x</p>\n' },
  'another script': { subject: 'Добро пожаловать', text: 'Здравствуйте', html: '<p>Привет</p>' },
  SMTPUTF8: { to: 'юля@почта.example' },
})) {
  test(`the signature holds: ${what}`, async (t) => {
    const mail = await receive(t, mailTo(other.to ?? 'a@example.org', other), { dkim });
    const { tags, isValid } = checkDkim(mail.source, publicKey);
    t.true(isValid);
    t.is(tags.get('d'), 'example.org');
    t.is(tags.get('s'), 'mail2026');
    t.is(tags.get('a'), 'rsa-sha256');
    for (const name of ['from', 'to', 'subject', 'date', 'message-id']) {
      t.true(tags.get('h')?.split(':').includes(name));
    }
    const forged = mail.source.replace(/^Subject: ./m, 'Subject: X');
    t.false(checkDkim(forged, publicKey).isValid);
    t.false(checkDkim(`${mail.source}x`, publicKey).isValid);
  });
}

test('a mail that cannot be signed does not go unsigned', async (t) => {
  const { privateKey: other } = generateKeyPairSync('ed25519');
  const server = await startMisbehavingServer(t);
  const options = { port: server.port, dkim: { ...dkim, privateKey: other } };
  const outcome = await createTestSender(t, options).send(mailTo('a@example.org'));
  t.deepEqual(outcome, { outcome: 'deferred', reason: 'not-composed' });
  t.is(server.connections.total, 0);
});
