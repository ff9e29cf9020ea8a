import { domainToASCII, domainToUnicode } from 'node:url';

/** Longest host name in octets: RFC 1035 section 2.3.4, without the root. */
const MAX_HOST_LENGTH = 253;

/**
 * What IDNA 2008 knows in a label: letters, digits and marks that show something, hyphens, both
 * joiners, and the signs of RFC 5892 sections 2.6 and 2.7. A dot or its ideographic form ends a
 * label. Checked first, because domainToASCII parses like a URL: it would cut the host at a slash
 * and decode `%61`.
 */
const hostCharacters =
  /^(?:[[[\p{L}\p{N}\p{M}]--\p{Default_Ignorable_Code_Point}]\-.\u3002\u00B7\u0375\u05F3\u05F4\u06FD\u06FE\u0F0B\u30FB]|\u200C|\u200D)+$/v;

const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Returns a host name in ASCII (IDNA, as UTS 46 computes it without its transition from 2003), or
 * undefined if it is none. `ß`, a final sigma and joiners are letters of their own, as registries
 * see them. A joiner is accepted where RFC 5892 appendix A allows it. Both spellings of a host, with
 * letters and in Punycode, give the same text.
 */
export function toAsciiHost(host: string): string | undefined {
  // UTS 46 folds more than NFKC does, so it gets the host as it is written.
  if (!hostCharacters.test(host.normalize('NFKC'))) return undefined;
  const ascii = domainToASCII(host);
  if (ascii.length > MAX_HOST_LENGTH) return undefined;
  const unicode = domainToUnicode(ascii);
  const unicodeLabels = unicode.split('.');
  const isValid = ascii.split('.').every((label, index) => {
    if (!hostLabel.test(label)) return false;
    const written = unicodeLabels[index] ?? '';
    // A label that nothing was encoded to stays as it is.
    return !label.startsWith('xn--') || (written !== label && !/^-|-$/.test(written));
  });
  return isValid && domainToASCII(unicode) === ascii ? ascii : undefined;
}
