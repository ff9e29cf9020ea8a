import { Fault } from '@zameni/runtime';
import { toAsciiHost } from '@zameni/runtime/ascii-host';
import type { KeyObject } from 'node:crypto';
import DKIM from 'nodemailer/lib/dkim';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailAddress, Mailbox } from './address.ts';

/** What a mail is signed with (RFC 6376). The key is an RSA key. */
export type DkimKey = {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
};

/** What a mail is made of. */
export type MailContent = {
  /** The Message-ID, with angle brackets. It is the same for every try. */
  readonly id: string;
  readonly from: Mailbox;
  readonly to: MailAddress;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * Writes a mail as SMTP sends it (RFC 5322, MIME), signed if there is a key. No value breaks out of
 * its header: line ends become spaces. The recipient has no name in it, because strangers choose
 * names.
 */
export async function composeMail(mail: MailContent, dkim: DkimKey | undefined): Promise<Buffer> {
  const { from, to, subject, text, html } = mail;
  const node = new MailComposer({
    messageId: toAsciiId(mail.id),
    from: { name: from.name, address: from.address },
    to: { name: '', address: to.address },
    subject,
    text,
    html,
    headers: { ...mail.headers, 'Auto-Submitted': 'auto-generated' },
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  if (dkim === undefined) return node.build();
  const { domain: domainName, selector: keySelector, privateKey } = dkim;
  const signer = new DKIM({ domainName, keySelector, privateKey });
  node.processFunc((unsigned) => signer.sign(unsigned));
  const signed = await node.build();
  // With a key that it cannot use, the signer passes the mail on as it is.
  if (!signed.subarray(0, 15).equals(Buffer.from('DKIM-Signature:'))) {
    throw new Fault('the mail could not be signed');
  }
  return signed;
}

/** A Message-ID is ASCII, so its host is written in Punycode. */
function toAsciiId(id: string): string {
  const [, left, right = ''] = /^<([!-;=?A-Z^-~]+)@([^\s<>@]+)>$/.exec(id) ?? [];
  const host = toAsciiHost(right);
  if (left === undefined || host === undefined) throw new Fault('the Message-ID has no valid form');
  return `<${left}@${host}>`;
}
