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

/** Compiles a schema into a check that reports JSON pointers and codes, at most MAX_ERRORS. */
export function createValidator(schema: TSchema): Validate {
  Settings.Set({ maxErrors: MAX_COLLECTED });
  const check = Compile(schema);
  return (value) => {
    if (check.Check(value)) return undefined;
    const byPointer = new Map<string, FieldError>();
    for (const error of check.Errors(value)) {
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
