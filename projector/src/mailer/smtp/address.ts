import { toAsciiHost } from '@zameni/runtime/ascii-host';

/** An address as the commands of SMTP and the headers of a mail take it: its host is in ASCII. */
export type MailAddress = {
  readonly address: string;
  /** Whether its local part has other letters than ASCII, so that a server needs SMTPUTF8 for it. */
  readonly needsSmtpUtf8: boolean;
};

/** A sender: a name, which may be empty, and an address. */
export type Mailbox = MailAddress & { readonly name: string };

/** A dot-atom of RFC 5322, with letters of any script (RFC 6532). */
const localPart = /^[^\s\p{C}"(),:;<>@[\]\\.]+(?:\.[^\s\p{C}"(),:;<>@[\]\\.]+)*$/u;

/** Longest path of a command, without the angle brackets: RFC 5321 section 4.5.3.1.3. */
const MAX_BYTES = 254;

/**
 * Parses an address as a person wrote it, and writes its host in Punycode. The local part stays as
 * it is, because only its server knows which letters are alike. Undefined if no server can take it.
 */
export function parseMailAddress(text: string): MailAddress | undefined {
  const trimmed = text.trim().normalize('NFC');
  // Some keyboards write a wide @. Compatibility forms of other signs matter in hosts only.
  const written = trimmed.includes('@') ? trimmed : trimmed.replace(/[\uFF20\uFE6B]/u, '@');
  const at = written.lastIndexOf('@');
  const local = written.slice(0, Math.max(at, 0));
  const host = toAsciiHost(written.slice(at + 1));
  if (!localPart.test(local) || host === undefined) return undefined;
  const address = `${local}@${host}`;
  if (Buffer.byteLength(address) > MAX_BYTES) return undefined;
  return { address, needsSmtpUtf8: /\P{ASCII}/u.test(local) };
}

/** Parses a sender, such as `Library <noreply@example.org>` or a bare address. */
export function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', address = text] = /^([^<>]*)<([^<>]*)>\s*$/u.exec(text) ?? [];
  const parsed = parseMailAddress(address);
  return parsed && { ...parsed, name: name.replaceAll(/\p{Cc}+/gu, ' ').trim() };
}
