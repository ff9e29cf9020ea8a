import { type FieldCode, MAX_ADDRESS_OCTETS } from '@zameni/contracts';
import { toAsciiHost } from '@zameni/runtime/ascii-host';
import { hasInvisibleCharacter } from './visible-text.ts';

/** An address as typed, and the canonical form in which addresses are compared. */
export type EmailAddress = { readonly typed: string; readonly canonical: string };

/** Longest local part in octets: RFC 5321 section 4.5.3.1.1. */
const MAX_LOCAL_OCTETS = 64;

const localPart = /^[^\s"(),:;<>@[\]\\.]+(\.[^\s"(),:;<>@[\]\\.]+)*$/u;

/** What a keyboard writes for an @ in some scripts. NFKC makes both of them an @. */
const wideAtSigns = /[\uFF20\uFE6B]/gu;

const joiners = /[\u200C\u200D]/gu;

/**
 * Parses an address, or returns the rule that it breaks. Canonical form: white space around it
 * trimmed, the local part in lower case (a final sigma as any sigma), the host in ASCII (IDNA). A
 * `+tag` is kept. A local part that NFKC would change is refused: its mailbox may be another one
 * than that of the changed form, and both would be one address here. Quoted local parts and address
 * literals are refused. Both limits count octets, of the address as typed and as mailed.
 */
export function parseEmailAddress(
  text: string,
): { readonly address: EmailAddress } | { readonly fault: FieldCode } {
  const typed = text.trim();
  if (typed.length === 0) return { fault: 'too-short' };
  const at = typed.replace(wideAtSigns, '@').lastIndexOf('@');
  const local = typed.slice(0, Math.max(at, 0));
  const host = typed.slice(at + 1);
  // The rules for joiners in hosts are those of IDNA.
  if (hasInvisibleCharacter(local) || hasInvisibleCharacter(host.replace(joiners, ''))) {
    return { fault: 'invisible-character' };
  }
  if (octetsOf(typed) > MAX_ADDRESS_OCTETS) return { fault: 'too-long' };
  if (local !== local.normalize('NFKC')) return { fault: 'not-normalized' };
  if (!localPart.test(local)) return { fault: 'format' };
  if (octetsOf(local) > MAX_LOCAL_OCTETS) return { fault: 'too-long' };
  const asciiHost = toMailHost(host);
  if (asciiHost === undefined) {
    return { fault: hasInvisibleCharacter(host) ? 'invisible-character' : 'format' };
  }
  const canonical = `${foldCase(local).normalize('NFKC')}@${asciiHost}`;
  if (octetsOf(`${local}@${asciiHost}`) > MAX_ADDRESS_OCTETS) return { fault: 'too-long' };
  return { address: { typed, canonical } };
}

/** Lower case that is the same at every place in a word. The Greek sigma depends on it. */
function foldCase(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ');
}

/** A host that the public can mail to: two labels or more, and not an IPv4 address. */
function toMailHost(host: string): string | undefined {
  const ascii = toAsciiHost(host);
  const labels = ascii?.split('.') ?? [];
  const isPublic = labels.length >= 2 && !/^\d+$/.test(labels.at(-1) ?? '');
  return isPublic ? ascii : undefined;
}

function octetsOf(text: string): number {
  return Buffer.byteLength(text);
}
