import type { FieldCode, FieldError } from '@zameni/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';

/** Checks a value against a schema. Returns undefined if it fits, otherwise each faulty place. */
export type Validate = (value: unknown) => FieldError[] | undefined;

const codeOfKeyword: Readonly<Record<string, FieldCode>> = {
  required: 'required',
  type: 'type',
  minLength: 'too-short',
  maxLength: 'too-long',
  pattern: 'format',
  format: 'format',
  enum: 'format',
  const: 'format',
  // The schema of a field that an object does not take is `false`.
  boolean: 'unknown-field',
  maxProperties: 'too-many',
  maxItems: 'too-many',
};

/** Most places in an answer. */
const MAX_ERRORS = 20;

/** Most faults that TypeBox collects. A value that fits no branch of a union is up to five. */
const MAX_COLLECTED = 64;

/**
 * Compiles a schema into a check that reports JSON pointers and codes, at most MAX_ERRORS. The work
 * for a value that does not fit is bounded, however many faults it has.
 */
export function createValidator(schema: TSchema): Validate {
  Settings.Set({ maxErrors: MAX_COLLECTED });
  const check = Compile(schema);
  return (value) => {
    const short = shorten(value, schema);
    const faulty = short !== value && check.Check(short) ? value : short;
    if (faulty === value && check.Check(value)) return undefined;
    const byPointer = new Map<string, FieldError>();
    for (const error of check.Errors(faulty)) {
      for (const found of toFieldErrors(error)) {
        // In a union every branch reports a fault. A fault other than `type` says more.
        const known = byPointer.get(found.pointer);
        if (known === undefined || known.code === 'type') byPointer.set(found.pointer, found);
      }
    }
    const errors = [...byPointer.values()].slice(0, MAX_ERRORS);
    return errors.length > 0 ? errors : [{ pointer: '', code: 'format' }];
  };
}

/**
 * Most entries of an object or array beside the fields that its schema names. TypeBox goes on
 * through all entries after it has collected enough faults. The largest `maxProperties` of a schema
 * is 64: one more shows that there are too many.
 */
const MAX_ENTRIES = 65;

/**
 * The value without the entries beyond MAX_ENTRIES; the value itself if it has no more. What the
 * schema does not describe is kept.
 */
function shorten(value: unknown, schema: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return shortenItems(value, memberOf(schema, 'items'));
  const fields = memberOf(schema, 'properties');
  const kept: [string, unknown][] = [];
  let isCut = false;
  let others = 0;
  for (const [name, field] of Object.entries(fields ?? {})) {
    if (!Object.hasOwn(value, name)) continue;
    const member = memberOf(value, name);
    const short = shorten(member, field);
    isCut ||= short !== member;
    kept.push([name, short]);
  }
  // Not Object.keys: of thousands of names only the first are needed.
  for (const name in value) {
    if (memberOf(fields, name) !== undefined || !Object.hasOwn(value, name)) continue;
    others += 1;
    if (others > MAX_ENTRIES) {
      isCut = true;
      break;
    }
    kept.push([name, memberOf(value, name)]);
  }
  return isCut ? Object.fromEntries(kept) : value;
}

function shortenItems(items: readonly unknown[], schema: unknown): unknown {
  const first = items.slice(0, MAX_ENTRIES);
  const short = first.map((item) => shorten(item, schema));
  const isCut = items.length > MAX_ENTRIES || short.some((item, index) => item !== first[index]);
  return isCut ? short : items;
}

function memberOf(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, name)
    ? Reflect.get(parent, name)
    : undefined;
}

type SchemaError = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
};

function toFieldErrors({ keyword, instancePath, params }: SchemaError): FieldError[] {
  const code = codeOfKeyword[keyword];
  if (code === undefined) return [];
  if (code === 'unknown-field') return [{ pointer: toPointer(parsePointer(instancePath)), code }];
  const names = keyword === 'required' ? requiredIn(params) : [];
  if (names.length === 0) return [{ pointer: instancePath, code }];
  return names.map((name) => ({ pointer: `${instancePath}${toPointer([name])}`, code }));
}

function requiredIn(params: object): string[] {
  const names = memberOf(params, 'requiredProperties');
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function parsePointer(pointer: string): string[] {
  const names = pointer.split('/').slice(1);
  return names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The form of a field's name or index. Other names may be data in the wrong place. */
const fieldName = /^(?:\d{1,4}|[A-Za-z_][A-Za-z0-9_-]{0,31})$/;

/**
 * The JSON pointer (RFC 6901) of a place. It ends before the first name that does not have the
 * form of a field's name, so that an answer does not repeat data of the client.
 */
export function toPointer(path: readonly string[]): string {
  const unknown = path.findIndex((name) => !fieldName.test(name));
  return path
    .slice(0, unknown < 0 ? path.length : unknown)
    .reduce((text, name) => `${text}/${name}`, '');
}
