import { domainToASCII, domainToUnicode } from 'node:url';
import { type FieldCode, MAX_ADDRESS_LENGTH } from '@zameni/contracts';
import { hasInvisibleCharacter } from './visible-text.ts';

/** An address as typed, and the canonical form in which addresses are compared. */
export type EmailAddress = { readonly typed: string; readonly canonical: string };

/** Longest local part and host name: RFC 5321 section 4.5.3.1.1, RFC 1035 section 2.3.4. */
const MAX_LOCAL_LENGTH = 64;
const MAX_HOST_LENGTH = 253;

const localPart = /^[^\s"(),:;<>@[\]\\.]+(\.[^\s"(),:;<>@[\]\\.]+)*$/u;
/**
 * Letters, digits, marks, hyphens, dots and the two middle dots of IDNA 2008 (RFC 5892 appendix A).
 * domainToASCII parses like a URL: it would cut the host at a slash and decode `%61`.
 */
const hostCharacters = /^[\p{L}\p{N}\p{M}.\-\u00B7\u30FB\u3002]+$/u;
const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Parses an address, or returns the rule that it breaks. Canonical form: white space around it
 * trimmed, NFKC (which folds widths), lower case (a final sigma as any sigma), host in ASCII
 * (IDNA). A `+tag` is kept. Quoted local parts and address literals are refused.
 */
export function parseEmailAddress(
  text: string,
): { readonly address: EmailAddress } | { readonly fault: FieldCode } {
  const typed = text.trim();
  if (hasInvisibleCharacter(typed)) return { fault: 'invisible-character' };
  if (typed.length === 0) return { fault: 'too-short' };
  if (typed.length > MAX_ADDRESS_LENGTH) return { fault: 'too-long' };
  const folded = foldCase(typed.normalize('NFKC')).normalize('NFKC');
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, Math.max(at, 0));
  const host = toAsciiHost(folded.slice(at + 1));
  if (!localPart.test(local) || local.length > MAX_LOCAL_LENGTH) return { fault: 'format' };
  if (host === undefined) return { fault: 'format' };
  return { address: { typed, canonical: `${local}@${host}` } };
}

/** Lower case that is the same at every place in a word. The Greek sigma depends on it. */
function foldCase(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ');
}

function toAsciiHost(host: string): string | undefined {
  if (!hostCharacters.test(host)) return undefined;
  const ascii = domainToASCII(host);
  const labels = ascii.split('.');
  if (ascii.length > MAX_HOST_LENGTH || labels.length < 2) return undefined;
  if (!labels.every((label) => hostLabel.test(label))) return undefined;
  // An all-digit top label would be an IPv4 address.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return undefined;
  const unicodeLabels = domainToUnicode(ascii).split('.');
  const isDecodable = labels.every(
    (label, index) => !label.startsWith('xn--') || unicodeLabels[index] !== label,
  );
  return isDecodable ? ascii : undefined;
}
