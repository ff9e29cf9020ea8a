import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { Type } from 'typebox';
import { createTestCertificate } from './certificate.fixture.ts';
import { smtpConfig, toSmtpOptions } from './config.ts';

const host = { ZAMENI_SMTP_HOST: 'smtp.example.org' };

function load(environment: Readonly<Record<string, string>>) {
  return loadConfig(Type.Object(smtpConfig), { ...host, ...environment });
}

async function writeFiles(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'smtp-config-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const paths: Record<string, string> = {};
  for (const [name, content] of Object.entries(files)) {
    paths[name] = join(folder, name);
    await writeFile(join(folder, name), content);
  }
  return paths;
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

test('a host is enough', (t) => {
  const options = toSmtpOptions(load({}));
  t.is(options.host, 'smtp.example.org');
  t.is(options.port, 587);
  t.is(options.tls, 'starttls-required');
  t.is(options.maxConnections, 10);
  t.is(options.login, undefined);
  t.is(options.dkim, undefined);
});

test('the port follows the policy, unless it is said', (t) => {
  t.is(toSmtpOptions(load({ ZAMENI_SMTP_TLS: 'tls' })).port, 465);
  t.is(toSmtpOptions(load({ ZAMENI_SMTP_TLS: 'none', ZAMENI_SMTP_PORT: '1025' })).port, 1025);
});

test('files are read', async (t) => {
  const { cert } = createTestCertificate();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const paths = await writeFiles(t, { ca: cert, key: toPem(privateKey), password: 'correct\n' });
  const options = toSmtpOptions(
    load({
      ZAMENI_SMTP_HOST: 'почта.example',
      ZAMENI_SMTP_CA_FILE: paths['ca'] ?? '',
      ZAMENI_SMTP_USER: 'mailer',
      ZAMENI_SMTP_PASSWORD_FILE: paths['password'] ?? '',
      ZAMENI_SMTP_CLIENT_NAME: 'mailer.example.org',
      ZAMENI_MAIL_DKIM_DOMAIN: 'bücher.example',
      ZAMENI_MAIL_DKIM_SELECTOR: 'mail2026',
      ZAMENI_MAIL_DKIM_KEY_FILE: paths['key'] ?? '',
    }),
  );
  t.is(options.host, 'xn--80a1acny.example');
  t.is(options.ca, cert);
  t.deepEqual(options.login, { user: 'mailer', password: 'correct' });
  t.is(options.clientName, 'mailer.example.org');
  t.is(options.dkim?.domain, 'xn--bcher-kva.example');
  t.true(options.dkim?.privateKey.equals(privateKey));
});

test('all faults are listed at once, without what is in the files', async (t) => {
  const paths = await writeFiles(t, { ca: 'topsecret', key: 'topsecret', password: '' });
  const config = load({
    ZAMENI_SMTP_TLS: 'none',
    ZAMENI_SMTP_CA_FILE: paths['ca'] ?? '',
    ZAMENI_SMTP_USER: 'mailer',
    ZAMENI_SMTP_PASSWORD_FILE: paths['password'] ?? '',
    ZAMENI_MAIL_DKIM_DOMAIN: 'not a domain',
    ZAMENI_MAIL_DKIM_KEY_FILE: paths['key'] ?? '',
  });
  const error = t.throws(() => toSmtpOptions(config), { instanceOf: ConfigError });
  t.deepEqual(
    error.faults.map((fault) => /^ZAMENI_\w+/.exec(fault)?.[0]),
    [
      'ZAMENI_SMTP_TLS',
      'ZAMENI_SMTP_CA_FILE',
      'ZAMENI_MAIL_DKIM_DOMAIN',
      'ZAMENI_SMTP_CA_FILE',
      'ZAMENI_SMTP_PASSWORD_FILE',
      'ZAMENI_MAIL_DKIM_DOMAIN',
      'ZAMENI_MAIL_DKIM_KEY_FILE',
    ],
  );
  t.false(error.message.includes('topsecret'));
});

const contradicts = test.macro((t, environment: Record<string, string>, fault: string) => {
  const error = t.throws(() => toSmtpOptions(load(environment)), { instanceOf: ConfigError });
  t.is(error.faults.length, 1);
  t.true(error.message.includes(fault));
});
test('a user needs a password', contradicts, { ZAMENI_SMTP_USER: 'a' }, 'set both or none');
test(
  'port 465 begins with TLS',
  contradicts,
  { ZAMENI_SMTP_PORT: '465' },
  'set ZAMENI_SMTP_TLS to tls',
);
test(
  'port 587 begins without',
  contradicts,
  { ZAMENI_SMTP_PORT: '587', ZAMENI_SMTP_TLS: 'tls' },
  'set ZAMENI_SMTP_TLS to starttls-required',
);
test(
  'DKIM is set in whole',
  contradicts,
  { ZAMENI_MAIL_DKIM_DOMAIN: 'example.org' },
  'set all or none',
);

test('only an RSA key of enough bits signs', async (t) => {
  const paths = await writeFiles(t, {
    other: toPem(generateKeyPairSync('ed25519').privateKey),
    short: toPem(generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey),
  });
  for (const path of Object.values(paths)) {
    const config = load({
      ZAMENI_MAIL_DKIM_DOMAIN: 'example.org',
      ZAMENI_MAIL_DKIM_SELECTOR: 'mail2026',
      ZAMENI_MAIL_DKIM_KEY_FILE: path,
    });
    const message = `The environment has 1 fault(s):\n  ZAMENI_MAIL_DKIM_KEY_FILE: ${path} cannot be read as a private RSA key of 1024 bits or more`;
    t.throws(() => toSmtpOptions(config), { message });
  }
});

const accepts = test.macro((t, name: string, text: string) => {
  t.notThrows(() => load({ [name]: text }));
});
test('an IPv4 host', accepts, 'ZAMENI_SMTP_HOST', '127.0.0.1');
test('an IPv6 host', accepts, 'ZAMENI_SMTP_HOST', '2001:db8::25');
test('an IDN host', accepts, 'ZAMENI_SMTP_HOST', 'почта.example');
test('an address as a client name', accepts, 'ZAMENI_SMTP_CLIENT_NAME', '[127.0.0.1]');

const refuses = test.macro((t, name: string, text: string) => {
  t.throws(() => load({ [name]: text }), { message: new RegExp(`${name} is not valid`) });
});
test('a host with a port', refuses, 'ZAMENI_SMTP_HOST', 'smtp.example.org:587');
test('a host as a URL', refuses, 'ZAMENI_SMTP_HOST', 'smtp://smtp.example.org');
test('a host with a user', refuses, 'ZAMENI_SMTP_HOST', 'me@smtp.example.org');
test('an unknown policy', refuses, 'ZAMENI_SMTP_TLS', 'starttls');
test('a client name with a line end', refuses, 'ZAMENI_SMTP_CLIENT_NAME', 'a\r\nMAIL');
test('a selector with a tag', refuses, 'ZAMENI_MAIL_DKIM_SELECTOR', 'a; d=b');
