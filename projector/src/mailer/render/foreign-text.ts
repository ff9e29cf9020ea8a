import type { Direction } from '../mail.ts';

/** Most characters, as people see them, of a name in a mail. */
const MAX_NAME = 80;

const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';

/**
 * A name as a mail shows it, or undefined if it is better left out. Names come from strangers: one
 * that mail programs could turn into a link would make the mail carry the stranger's message.
 */
export function toShownName(name: string | undefined): string | undefined {
  const line = toLine(name ?? '');
  return line === '' || isLinkLike(line) ? undefined : isolate(shorten(line));
}

/** The name of the application as a mail shows it. In most mails it needs no isolate. */
export function toShownProduct(product: string, direction: Direction): string {
  const line = toLine(product);
  return direction === 'ltr' && isLeftToRight(line) ? line : isolate(line);
}

/**
 * Removes what can break a line or turn its direction, except joiners, variation selectors and the
 * tags of flags.
 */
export function toLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll(/(?!\u200C|\u200D|[\u{E0020}-\u{E007F}])[\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}

/** Keeps the direction of a text from changing the text around it. */
export function isolate(line: string): string {
  return `${FIRST_STRONG_ISOLATE}${line}${POP_ISOLATE}`;
}

function isLeftToRight(line: string): boolean {
  return /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Common}]*$/u.test(line);
}

function isLinkLike(line: string): boolean {
  return /:\/\/|@|www\.|[\p{L}\p{N}]\.[\p{L}]{2}/iu.test(line);
}

function shorten(line: string): string {
  if (line.length <= MAX_NAME) return line;
  const seen = [...new Intl.Segmenter().segment(line)];
  const cut = seen[MAX_NAME];
  return cut === undefined ? line : `${line.slice(0, cut.index).trimEnd()}…`;
}
