import test, { type ExecutionContext } from 'ava';
import { createTestCertificate, type TestCertificate } from './certificate.fixture.ts';
import { type Script, startMisbehavingServer } from './misbehaving-server.fixture.ts';
import { createTestSender, mailTo, SHORT_MS } from './sender.fixture.ts';
import type { SmtpSenderOptions } from './sender.ts';
import { startSmtpServer } from './server.fixture.ts';

const PASSWORD = 'correct horse';
const certificate = createTestCertificate();
const other = createTestCertificate('elsewhere.example.org');

const sendTo = async (
  t: ExecutionContext,
  options: Partial<SmtpSenderOptions> & { readonly port: number },
) => createTestSender(t, { tls: 'starttls-required', ...options }).send(mailTo('a@example.org'));

test('STARTTLS protects the mail', async (t) => {
  const server = await startSmtpServer(t, certificate);
  const outcome = await sendTo(t, { port: server.port, ca: certificate.cert });
  t.is(outcome.outcome, 'accepted');
  t.deepEqual(
    server.mails.map(({ isTls }) => isTls),
    [true],
  );
});

test('TLS from the first byte protects the mail', async (t) => {
  const server = await startSmtpServer(t, { ...certificate, secure: true });
  const outcome = await sendTo(t, { port: server.port, ca: certificate.cert, tls: 'tls' });
  t.is(outcome.outcome, 'accepted');
  t.deepEqual(
    server.mails.map(({ isTls }) => isTls),
    [true],
  );
});

test('without TLS by configuration nothing is asked for', async (t) => {
  const server = await startSmtpServer(t, certificate);
  const outcome = await sendTo(t, { port: server.port, tls: 'none' });
  t.is(outcome.outcome, 'accepted');
  t.deepEqual(
    server.mails.map(({ isTls }) => isTls),
    [false],
  );
});

/** The server's certificate is refused, and no mail reaches it. */
const distrusts = test.macro(
  async (
    t,
    reason: string,
    { isSecure, ...options }: Partial<SmtpSenderOptions> & { readonly isSecure: boolean },
    served: TestCertificate = certificate,
  ) => {
    const server = await startSmtpServer(t, { ...served, secure: isSecure });
    const tls = isSecure ? 'tls' : 'starttls-required';
    const outcome = await sendTo(t, { port: server.port, tls, ...options });
    t.deepEqual(outcome, { outcome: 'deferred', reason });
    t.deepEqual(server.mails, []);
  },
);
const SELF_SIGNED = 'connect-failed DEPTH_ZERO_SELF_SIGNED_CERT';
test('a self-signed certificate', distrusts, SELF_SIGNED, { isSecure: false });
test('a self-signed certificate at once', distrusts, SELF_SIGNED, { isSecure: true });
const OTHER_NAME = 'connect-failed ERR_TLS_CERT_ALTNAME_INVALID';
test(
  'a certificate of another host',
  distrusts,
  OTHER_NAME,
  { isSecure: false, ca: other.cert },
  other,
);
test('a trusted certificate does not vouch for others', distrusts, SELF_SIGNED, {
  isSecure: false,
  ca: other.cert,
});

/** A server that never gets to TLS gets no mail, no login and no address. */
const staysSilent = test.macro(
  async (t, script: Script, reason: string, options: Partial<SmtpSenderOptions> = {}) => {
    const server = await startMisbehavingServer(t, script);
    const login = { user: 'mailer', password: PASSWORD };
    const outcome = await sendTo(t, { port: server.port, login, ...options });
    t.deepEqual(outcome, { outcome: 'deferred', reason });
    t.regex(server.commands.join(' '), /^(?:EHLO \S+(?: STARTTLS)?)?$/);
  },
);
test('no TLS is offered', staysSilent, {}, 'starttls 502 5.5.1');
test('TLS is not ready', staysSilent, { STARTTLS: '454 4.7.0 later' }, 'starttls 454 4.7.0');
test('no EHLO', staysSilent, { EHLO: '502 5.5.1 no' }, 'ehlo 502 5.5.1');
test('dropped at STARTTLS', staysSilent, { STARTTLS: 'drop' }, 'connect-lost');
test('stalls at STARTTLS', staysSilent, { STARTTLS: 'stall' }, 'connect-timeout', {
  socketMs: SHORT_MS,
});
test('stalls in the handshake', staysSilent, { STARTTLS: '220 go' }, 'starttls-timeout', {
  greetingMs: SHORT_MS,
});
test(
  'clear text in the handshake',
  staysSilent,
  { STARTTLS: '220 go\r\n250 in clear' },
  'starttls-timeout',
  { greetingMs: SHORT_MS },
);
test('no handshake at once', async (t) => {
  const server = await startMisbehavingServer(t, { greeting: 'stall' });
  const outcome = await sendTo(t, { port: server.port, tls: 'tls', connectMs: SHORT_MS });
  t.deepEqual(outcome, { outcome: 'deferred', reason: 'connect-timeout' });
});

test('a login goes before the mail', async (t) => {
  const users: unknown[] = [];
  const server = await startSmtpServer(t, {
    ...certificate,
    authOptional: false,
    onAuth: ({ username, password }, _session, done) => {
      users.push(username);
      done(null, password === PASSWORD ? { user: username } : {});
    },
  });
  const options = { port: server.port, ca: certificate.cert };
  const login = { user: 'mailer', password: PASSWORD };
  t.is((await sendTo(t, { ...options, login })).outcome, 'accepted');
  t.deepEqual(users, ['mailer']);
  const wrong = await sendTo(t, { ...options, login: { ...login, password: 'wrong' } });
  t.deepEqual(wrong, { outcome: 'deferred', reason: 'login 535 5.7.8' });
  const none = await sendTo(t, options);
  t.is(none.outcome, 'deferred');
  t.is(server.mails.length, 1);
});

test('a server that stalls at the login defers', async (t) => {
  const server = await startMisbehavingServer(t, {
    EHLO: '250-test\r\n250 AUTH PLAIN',
    AUTH: 'stall',
  });
  const login = { user: 'mailer', password: PASSWORD };
  const outcome = await sendTo(t, { port: server.port, tls: 'none', login, socketMs: SHORT_MS });
  t.deepEqual(outcome, { outcome: 'deferred', reason: 'login-timeout' });
});
