import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, readSecret, Fault } from '@zameni/runtime';
import { toAsciiHost } from '@zameni/runtime/ascii-host';
import { type Static, Type } from 'typebox';
import type { DkimKey } from './compose.ts';
import type { SmtpLimits, SmtpSenderOptions } from './sender.ts';

const optionalFile = (description: string, example: string) =>
  Type.String({ default: '', description, example });

/** Variables of the SMTP server, and of the signature on mails. */
export const smtpConfig = {
  ZAMENI_SMTP_HOST: Type.String({
    pattern: '^(?:[^\\s/@:[\\]]{1,253}|[0-9A-Fa-f]*(?::[0-9A-Fa-f.]*){2,7})$',
    description: 'SMTP server that takes the mails, as a name or an address',
    example: 'smtp.example.org',
  }),
  ZAMENI_SMTP_PORT: Type.Intersect([Type.Integer({ minimum: 0, maximum: 65535 })], {
    default: 0,
    description: 'Port of the SMTP server; 0 is 465 with `tls` and 587 otherwise',
    example: '587',
  }),
  ZAMENI_SMTP_TLS: Type.Enum(['starttls-required', 'tls', 'none'], {
    default: 'starttls-required',
    description:
      'How the connection is protected: by STARTTLS before any mail, by TLS from the first byte (tls), or not at all (none)',
    example: 'starttls-required',
  }),
  ZAMENI_SMTP_CA_FILE: optionalFile(
    'File with certificates (PEM) that are trusted for the SMTP server instead of the public ones',
    '/etc/ssl/smtp-ca.pem',
  ),
  ZAMENI_SMTP_USER: Type.String({
    maxLength: 320,
    default: '',
    description: 'User that logs in to the SMTP server; without one there is no login',
    example: 'mailer',
  }),
  ZAMENI_SMTP_PASSWORD_FILE: optionalFile(
    'File with the password of the SMTP user',
    '/run/secrets/smtp',
  ),
  ZAMENI_SMTP_CLIENT_NAME: Type.String({
    pattern: '^(?:[A-Za-z0-9.-]{1,253}|\\[[0-9A-Za-z.:]{2,64}\\]|)$',
    default: '',
    description: 'Name by which this host greets the SMTP server; the default is its host name',
    example: 'mailer.example.org',
  }),
  ZAMENI_SMTP_CONNECTIONS: Type.Intersect([Type.Integer({ minimum: 1, maximum: 100 })], {
    default: 10,
    description:
      'Connections to the SMTP server at once, each with one mail at a time; as many again while these wait for the server for seconds',
    example: '10',
  }),
  ZAMENI_MAIL_DKIM_DOMAIN: Type.String({
    maxLength: 253,
    default: '',
    description: 'Domain that signs mails (DKIM); without one they are not signed here',
    example: 'example.org',
  }),
  ZAMENI_MAIL_DKIM_SELECTOR: Type.String({
    pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?|)$',
    default: '',
    description: 'Selector of the DKIM key: its public part is at SELECTOR._domainkey.DOMAIN',
    example: 'mail2026',
  }),
  ZAMENI_MAIL_DKIM_KEY_FILE: optionalFile(
    'File with the private DKIM key: RSA of 1024 bits or more, PEM',
    '/run/secrets/dkim.pem',
  ),
};

const SmtpConfig = Type.Object(smtpConfig);
/** The variables of the SMTP server, each valid by itself. */
export type SmtpConfig = Static<typeof SmtpConfig>;

/**
 * Bounds and deadlines of a sender. A server may think long before it takes a mail (RFC 5321 section
 * 4.5.3.2 grants it 10 minutes), but a mail that is given up after its final dot is repeated once.
 */
export const SMTP_LIMITS = {
  connectMs: 30_000,
  greetingMs: 20_000,
  socketMs: 60_000,
  messageMs: 120_000,
  slowMs: 3_000,
  idleMs: 20_000,
  drainMs: 8_000,
  maxWaiting: 1_000,
  maxMessagesPerConnection: 100,
} as const satisfies Omit<SmtpLimits, 'maxConnections' | 'maxSlow'> &
  Pick<SmtpSenderOptions, 'connectMs' | 'greetingMs' | 'socketMs'>;

/** Reads the files and makes the options of a sender. Throws one error that lists every fault. */
export function toSmtpOptions(config: SmtpConfig): SmtpSenderOptions {
  const faults = findContradictions(config);
  const ca = read('ZAMENI_SMTP_CA_FILE', 'certificates (PEM)', readCertificates);
  const password = read('ZAMENI_SMTP_PASSWORD_FILE', 'a password', readSecret);
  const dkim = readDkim();
  if (faults.length > 0) throw new ConfigError(faults);
  const { ZAMENI_SMTP_USER: user, ZAMENI_SMTP_CLIENT_NAME: clientName } = config;
  return {
    ...SMTP_LIMITS,
    host: toAsciiHost(config.ZAMENI_SMTP_HOST) ?? config.ZAMENI_SMTP_HOST,
    port: config.ZAMENI_SMTP_PORT || (config.ZAMENI_SMTP_TLS === 'tls' ? 465 : 587),
    tls: config.ZAMENI_SMTP_TLS,
    maxConnections: config.ZAMENI_SMTP_CONNECTIONS,
    maxSlow: config.ZAMENI_SMTP_CONNECTIONS,
    ...(ca !== undefined && { ca }),
    ...(password !== undefined && { login: { user, password } }),
    ...(clientName !== '' && { clientName }),
    ...(dkim !== undefined && { dkim }),
  };

  function readDkim(): DkimKey | undefined {
    const { ZAMENI_MAIL_DKIM_DOMAIN: name, ZAMENI_MAIL_DKIM_SELECTOR: selector } = config;
    const domain = name === '' ? '' : toAsciiHost(name);
    if (domain === undefined) faults.push('ZAMENI_MAIL_DKIM_DOMAIN is no domain');
    const privateKey = read(
      'ZAMENI_MAIL_DKIM_KEY_FILE',
      'a private RSA key of 1024 bits or more',
      readRsaKey,
    );
    return domain && privateKey ? { domain, selector, privateKey } : undefined;
  }

  /** A fault names the file, never its content. */
  function read<T>(
    name: keyof SmtpConfig & `${string}_FILE`,
    what: string,
    readFile: (path: string) => T,
  ): T | undefined {
    const path = config[name];
    if (path === '') return undefined;
    try {
      return readFile(path);
    } catch {
      faults.push(`${name}: ${path} cannot be read as ${what}`);
      return undefined;
    }
  }
}

function findContradictions(config: SmtpConfig): string[] {
  const faults: string[] = [];
  const tls = config.ZAMENI_SMTP_TLS;
  const port = config.ZAMENI_SMTP_PORT;
  const hasUser = config.ZAMENI_SMTP_USER !== '';
  if (hasUser !== (config.ZAMENI_SMTP_PASSWORD_FILE !== '')) {
    faults.push('ZAMENI_SMTP_USER and ZAMENI_SMTP_PASSWORD_FILE go together: set both or none');
  }
  if (hasUser && tls === 'none') {
    faults.push(
      'ZAMENI_SMTP_TLS is none, so the password of ZAMENI_SMTP_USER would be sent in clear',
    );
  }
  if (config.ZAMENI_SMTP_CA_FILE !== '' && tls === 'none') {
    faults.push('ZAMENI_SMTP_CA_FILE has no effect, because ZAMENI_SMTP_TLS is none');
  }
  if (port === 465 && tls === 'starttls-required') {
    faults.push('ZAMENI_SMTP_PORT is 465, where TLS begins at once: set ZAMENI_SMTP_TLS to tls');
  }
  if ((port === 25 || port === 587) && tls === 'tls') {
    faults.push(
      `ZAMENI_SMTP_PORT is ${port}, where TLS begins with STARTTLS: set ZAMENI_SMTP_TLS to starttls-required`,
    );
  }
  const dkim = [
    config.ZAMENI_MAIL_DKIM_DOMAIN,
    config.ZAMENI_MAIL_DKIM_SELECTOR,
    config.ZAMENI_MAIL_DKIM_KEY_FILE,
  ];
  if (dkim.includes('') && dkim.some((value) => value !== '')) {
    faults.push(
      'ZAMENI_MAIL_DKIM_DOMAIN, ZAMENI_MAIL_DKIM_SELECTOR and ZAMENI_MAIL_DKIM_KEY_FILE go together: set all or none',
    );
  }
  return faults;
}

function readCertificates(path: string): string {
  const pem = readFileSync(path, 'utf8');
  // Throws unless the file has a certificate. TLS itself would ignore any other text.
  void new X509Certificate(pem);
  return pem;
}

/** Reads an RSA key, the only kind that nodemailer signs with. RFC 8301 forbids shorter ones. */
function readRsaKey(path: string) {
  const key = createPrivateKey(readFileSync(path));
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa' || modulusLength < 1024) throw new Fault('no RSA key');
  return key;
}
