import { isUtf8 } from 'node:buffer';
import { isExactNumber } from './exact-number.ts';

/** Deepest nesting of objects and arrays that a body may have. */
export const MAX_JSON_DEPTH = 32;

/**
 * Most values that a body may hold. The largest that a schema takes has 75. Parsing and checking
 * thousands would cost far more than what is accepted.
 */
export const MAX_JSON_VALUES = 256;

/** Why a text is not interoperable JSON (I-JSON, RFC 7493), or cannot be stored. */
export type JsonFault =
  | 'encoding'
  | 'byte-order-mark'
  | 'too-many-values'
  | 'syntax'
  | 'duplicate-name'
  | 'too-deep'
  | 'reserved-name'
  | 'unstorable-name';

/** The value of a text, or its first fault. */
export type StrictJson =
  | { readonly value: unknown }
  | { readonly fault: JsonFault }
  /** Valid JSON with a NUL or half a surrogate pair in the text at this path. */
  | { readonly unstorableTextAt: readonly string[] }
  /** Valid JSON with a number at this path that would not be kept exactly. */
  | { readonly inexactNumberAt: readonly string[] };

/**
 * Parses bytes as JSON. Refuses texts that parsers read differently and names that pollute
 * prototypes. The text is scanned after `JSON.parse` accepted it, so the scan relies on valid
 * syntax.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  if (!isUtf8(bytes)) return { fault: 'encoding' };
  if (hasTooManyValues(bytes)) return { fault: 'too-many-values' };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) return { fault: 'byte-order-mark' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error's message quotes the body, so it is dropped.
    return { fault: 'syntax' };
  }
  return scan(text) ?? { value };
}

const BYTE_ORDER_MARK = 0xfeff;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Counts the commas between values. The text may have any syntax: others find its faults. */
function hasTooManyValues(bytes: Uint8Array): boolean {
  let values = 1;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const code = bytes[at];
    if (code === QUOTE) isInString = !isInString;
    else if (isInString && code === BACKSLASH) at += 1;
    else if (!isInString && code === COMMA) values += 1;
  }
  return values > MAX_JSON_VALUES;
}

/** An object or array that contains the place of the scan. */
type Container = {
  /** Names seen so far; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** The name of the member being read. */
  name: string;
  /** Index of the item being read; 0 in an object. */
  index: number;
};

/** Finds the first fault in a text that is valid JSON. */
function scan(text: string): Exclude<StrictJson, { value: unknown }> | undefined {
  const open: Container[] = [];
  let container: Container | undefined;
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const content = decode(text, at, end);
      if (isName && container?.names !== undefined) {
        const fault = faultOfName(content, container.names, open);
        if (fault !== undefined) return { fault };
        container.names.add(content);
        container.name = content;
      } else if (!isStorable(content)) return { unstorableTextAt: pathOf(open) };
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (open.length === MAX_JSON_DEPTH) return { fault: 'too-deep' };
      isName = code === OPEN_OBJECT;
      container = { names: isName ? new Set() : undefined, name: '', index: 0 };
      open.push(container);
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      open.pop();
      container = open.at(-1);
    } else if (code === COMMA) {
      isName = container?.names !== undefined;
      if (!isName && container !== undefined) container.index += 1;
    } else if (code === COLON) {
      isName = false;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at);
      if (!isExactNumber(text.slice(at, end))) return { inexactNumberAt: pathOf(open) };
      at = end - 1;
    }
  }
  return undefined;
}

/** The fault of a name that is not yet in `names`. The last of `open` is the name's object. */
function faultOfName(
  name: string,
  names: ReadonlySet<string>,
  open: readonly Container[],
): JsonFault | undefined {
  if (names.has(name)) return 'duplicate-name';
  if (name === '__proto__') return 'reserved-name';
  // {"constructor": {"prototype": …}}. The name "constructor" with another value is harmless.
  if (name === 'prototype' && open.at(-2)?.name === 'constructor') return 'reserved-name';
  return isStorable(name) ? undefined : 'unstorable-name';
}

/** Postgres stores neither NUL nor half a surrogate pair, and half a pair has no UTF-8 form. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function pathOf(open: readonly Container[]): string[] {
  return open.map(({ names, name, index }) => (names === undefined ? String(index) : name));
}

/** Index of the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** The text between two quotes, with escapes resolved. */
function decode(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) return raw;
  const decoded: unknown = JSON.parse(text.slice(start, end + 1));
  return typeof decoded === 'string' ? decoded : raw;
}

/** Index after a number. In valid JSON none of these characters can follow one. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && '0123456789.eE+-'.includes(text.charAt(at))) at += 1;
  return at;
}
