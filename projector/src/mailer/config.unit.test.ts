import { loadConfig } from '@zameni/runtime';
import test from 'ava';
import { MailerConfig, parseMailBudget, parseMailStart } from './config.ts';

const good = {
  ZAMENI_PORT: '8150',
  ZAMENI_INSTANCE: 'mailer-1',
  ZAMENI_NATS_SERVERS: '127.0.0.1:4222',
  ZAMENI_NATS_USER: 'mailer',
  ZAMENI_NATS_PASSWORD_FILE: '/run/secrets/nats',
  ZAMENI_JWT_ISSUERS_FILE: '/run/secrets/issuers.json',
  ZAMENI_POSTGRES_URL: 'postgres://zameni_mailer@127.0.0.1:6432/zameni_rw',
  ZAMENI_POSTGRES_PASSWORD_FILE: '/run/secrets/pg',
  ZAMENI_KEK_FILE: '/run/secrets/kek.json',
  ZAMENI_PEPPER_FILE: '/run/secrets/pepper.json',
  ZAMENI_ATTEMPT_KEY_FILE: '/run/secrets/attempt-keys.json',
  ZAMENI_POSITION_KEY_FILE: '/run/secrets/position-key.json',
  ZAMENI_VERIFICATION_KEY_FILE: '/run/secrets/verification-key.json',
  ZAMENI_MAIL_BASE_URL: 'https://accounts.example.org',
  ZAMENI_MAIL_PRODUCT: 'Library',
  ZAMENI_MAIL_FROM: 'Library <noreply@example.org>',
  ZAMENI_SMTP_HOST: 'smtp.example.org',
};

test('what is not said has a default', (t) => {
  const config = loadConfig(MailerConfig, good);
  t.is(config.ZAMENI_MAIL_LINK_LIFETIME_SECONDS, 604_800);
  t.deepEqual(parseMailBudget(config.ZAMENI_MAIL_BUDGET), { mails: 3, windowSeconds: 3_600 });
  t.is(parseMailStart(config.ZAMENI_MAIL_START), 'now');
});

test('a mailer that never ran begins where it is told', (t) => {
  const start = (text: string) =>
    parseMailStart(
      loadConfig(MailerConfig, { ...good, ZAMENI_MAIL_START: text }).ZAMENI_MAIL_START,
    );
  t.is(start('beginning'), 0);
  t.is(start('0'), 0);
  t.is(start('1234567'), 1_234_567);
});

const accepts = test.macro((t, name: keyof typeof good, text: string) => {
  t.is(loadConfig(MailerConfig, { ...good, [name]: text })[name as 'ZAMENI_MAIL_FROM'], text);
});
test('a sender may be a bare address', accepts, 'ZAMENI_MAIL_FROM', 'noreply@example.org');
test(
  'a sender may have a name in any script',
  accepts,
  'ZAMENI_MAIL_FROM',
  'Библиотека №1 <noreply@example.org>',
);
test('a product may have any name', accepts, 'ZAMENI_MAIL_PRODUCT', 'Дом & сад');
test('links may have a path', accepts, 'ZAMENI_MAIL_BASE_URL', 'https://example.org/accounts');

const refuses = test.macro((t, name: string, text: string) => {
  t.throws(() => loadConfig(MailerConfig, { ...good, [name]: text }), {
    message: new RegExp(`${name} is not valid`),
  });
});
test('no slash ends the base URL', refuses, 'ZAMENI_MAIL_BASE_URL', 'https://example.org/');
test('the base URL has no query', refuses, 'ZAMENI_MAIL_BASE_URL', 'https://example.org?a');
test('the base URL is one of the web', refuses, 'ZAMENI_MAIL_BASE_URL', 'javascript:alert(1)');
test('a sender adds no header', refuses, 'ZAMENI_MAIL_FROM', 'A\r\nBcc: b@c <a@example.org>');
test('a sender is an address', refuses, 'ZAMENI_MAIL_FROM', 'Library');
test('a product has one line', refuses, 'ZAMENI_MAIL_PRODUCT', 'Li\nbrary');
test('a budget has a window', refuses, 'ZAMENI_MAIL_BUDGET', '3');
test('a budget is not zero', refuses, 'ZAMENI_MAIL_BUDGET', '0/3600');
test('a start is no date', refuses, 'ZAMENI_MAIL_START', '2026-01-01');
test('a start is a whole number', refuses, 'ZAMENI_MAIL_START', '-5');
