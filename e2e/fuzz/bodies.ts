import { MAX_BODY_BYTES, MAX_PUBLIC_BODY_BYTES } from '@zameni/contracts';
import fc, { type Arbitrary } from 'fast-check';
import type { JsonSchema } from './contract.ts';
import { bodiesOf, type Body, ODD_TEXTS } from './values.ts';

/** A changed body and the expected answer. */
export type ChangedBody = {
  readonly how: string;
  readonly body: Buffer;
  readonly person: unknown;
  readonly expect?: readonly number[];
  readonly code?: string;
};

const invalid = { expect: [422], code: 'invalid-request' } as const;
const inexact = { expect: [422], code: 'invalid-request' } as const;
const malformed = { expect: [400], code: 'malformed-json' } as const;

/** One change to a valid body of a schema: to its fields, its text or its bytes. */
export function changedBodies(schema: JsonSchema): Arbitrary<ChangedBody> {
  const bodies = bodiesOf(schema);
  return fc.oneof(
    { weight: 4, arbitrary: changedFields(bodies, schema) },
    { weight: 3, arbitrary: changedTexts(bodies) },
    { weight: 2, arbitrary: changedBytes(bodies) },
    { weight: 1, arbitrary: otherJson },
  );
}

function changedFields(bodies: Arbitrary<Body>, schema: JsonSchema): Arbitrary<ChangedBody> {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  // Without required fields, the caller's permission is checked before the profile.
  const invalidProfile = required.size > 0 ? invalid : {};
  const anyValue = fc.constantFrom<unknown>(null, [], {}, true, 7, [[]], 'x');
  return fc.oneof(
    change(bodies, fc.nat(), (body, pick) => {
      const name = pickName(body, pick);
      const { [name]: _dropped, ...rest } = body;
      return { how: `without ${name}`, value: rest, ...(required.has(name) ? invalid : {}) };
    }),
    change(bodies, fc.tuple(fc.string(), fc.jsonValue()), (body, [name, value]) => ({
      how: `with the unknown field ${JSON.stringify(name)}`,
      value: Object.fromEntries([...Object.entries(body), [`${name}_`, value]]),
    })),
    change(bodies, fc.tuple(fc.nat(), anyValue), (body, [pick, value]) => {
      const name = pickName(body, pick);
      return { how: `${name} is ${JSON.stringify(value)}`, value: { ...body, [name]: value } };
    }),
    change(
      bodies,
      fc.tuple(fc.nat(), fc.nat(600), fc.constantFrom('x', 'é', '😀', '\u0301')),
      (body, [pick, length, unit]) => {
        const name = pickName(body, pick);
        return {
          how: `${name} of ${length} × ${unit}`,
          value: { ...body, [name]: unit.repeat(length) },
        };
      },
    ),
    change(bodies, fc.tuple(fc.nat(), oddTexts), (body, [pick, text]) => {
      const name = pickName(body, pick);
      return { how: `odd text in ${name}`, value: { ...body, [name]: text } };
    }),
    change(bodies, oddTexts, (body, text) => ({
      how: 'odd text in the profile',
      value: { ...body, profile: { odd: text } },
      ...(text.isWellFormed() && !text.includes('\0') ? {} : invalidProfile),
    })),
    change(
      bodies,
      fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
      (body, profile) => ({
        how: 'another profile',
        value: { ...body, profile },
      }),
    ),
    change(bodies, fc.integer({ min: 30, max: 40 }), (body, count) => ({
      how: `a profile of ${count} entries`,
      value: {
        ...body,
        profile: Object.fromEntries(Array.from({ length: count }, (_, n) => [`e${n}`, n])),
      },
      ...(count > 32 ? invalidProfile : {}),
    })),
  );
}

const oddTexts = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** Changes of the text. `{` and `}` of the body are its first and last characters. */
function changedTexts(bodies: Arbitrary<Body>): Arbitrary<ChangedBody> {
  const inside: readonly (readonly [how: string, text: string])[] = [
    ['a name twice', '"a":1,"a":1,'],
    ['a name twice, once escaped', '"a":1,"\\u0061":1,'],
    ['__proto__', '"__proto__":{"admin":true},'],
    ['constructor.prototype', '"constructor":{"prototype":{"admin":true}},'],
    ['deep arrays', `"a":${'['.repeat(40)}${']'.repeat(40)},`],
    ['very deep objects', `"a":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)},`],
    ['a comment', '/* c */'],
    ['NaN', '"a":NaN,'],
    ['single quotes', "'a':1,"],
    ['a raw control character', '"a":"\u0001",'],
    ['a NUL', '\0'],
    ['an unfinished escape', '"a":"\\u12",'],
  ];
  const numbers: readonly (readonly [how: string, text: string])[] = [
    ['a number over the range', '"a":1e999,'],
    ['a negative number over the range', '"a":-1e999,'],
  ];
  const outside: readonly (readonly [how: string, make: (text: string) => string])[] = [
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['a second document', (text) => `${text}{}`],
    ['trailing text', (text) => `${text}x`],
    ['a trailing NUL', (text) => `${text}\0`],
    ['a trailing comma', (text) => `${text.slice(0, -1)},}`],
    ['nothing', () => ''],
    ['white space only', () => ' \n '],
    ['no-break space before it', (text) => `\u00a0${text}`],
  ];
  return fc.oneof(
    fc.tuple(bodies, fc.constantFrom(...inside)).map(([person, [how, text]]) => ({
      how,
      body: Buffer.from(`{${text}${JSON.stringify(person).slice(1)}`),
      person,
      ...malformed,
    })),
    fc.tuple(bodies, fc.constantFrom(...numbers)).map(([person, [how, text]]) => ({
      how,
      body: Buffer.from(`{${text}${JSON.stringify(person).slice(1)}`.replace(/,}$/, '}')),
      person,
      ...inexact,
    })),
    fc.tuple(bodies, fc.constantFrom(...outside)).map(([person, [how, make]]) => ({
      how,
      body: Buffer.from(make(JSON.stringify(person))),
      person,
      ...malformed,
    })),
    fc
      .tuple(
        bodies,
        fc.constantFrom(MAX_BODY_BYTES, MAX_PUBLIC_BODY_BYTES),
        fc.integer({ min: -3, max: 200_000 }),
      )
      .map(([person, limit, over]) => ({
        how: `white space up to ${over} bytes over ${limit}`,
        body: Buffer.concat([
          Buffer.from(JSON.stringify(person)),
          Buffer.alloc(limit + over, ' '),
        ]).subarray(0, limit + over),
        person,
        ...(limit + over > MAX_BODY_BYTES ? { expect: [413], code: 'payload-too-large' } : {}),
      })),
  );
}

function changedBytes(bodies: Arbitrary<Body>): Arbitrary<ChangedBody> {
  const at = fc.double({ min: 0, max: 0.999, noNaN: true });
  const wrongBytes = fc.constantFrom(
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80],
    [0x80],
  );
  return fc.oneof(
    fc.tuple(bodies, at).map(([person, share]) => {
      const bytes = Buffer.from(JSON.stringify(person));
      return {
        how: 'cut off',
        body: bytes.subarray(0, Math.floor(bytes.length * share)),
        person,
        ...malformed,
      };
    }),
    fc.tuple(bodies, at, wrongBytes).map(([person, share, wrong]) => {
      const bytes = Buffer.from(JSON.stringify(person));
      const place = Math.floor(bytes.length * share);
      const body = Buffer.concat([
        bytes.subarray(0, place),
        Buffer.from(wrong),
        bytes.subarray(place),
      ]);
      return { how: 'bytes that are not UTF-8', body, person, ...malformed };
    }),
    bodies.map((person) => ({
      how: 'UTF-16',
      body: Buffer.from(JSON.stringify(person), 'utf16le'),
      person,
      ...malformed,
    })),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => ({
      how: 'random bytes',
      body: Buffer.from(bytes),
      person: undefined,
    })),
  );
}

const otherJson: Arbitrary<ChangedBody> = fc.json().map((text) => ({
  how: 'other JSON',
  body: Buffer.from(text),
  person: undefined,
}));

type Changed = { readonly how: string; readonly value: unknown } & Pick<
  ChangedBody,
  'expect' | 'code'
>;

function change<T>(
  bodies: Arbitrary<Body>,
  what: Arbitrary<T>,
  make: (body: Body, what: T) => Changed,
): Arbitrary<ChangedBody> {
  return fc.tuple(bodies, what).map(([body, chosen]) => {
    const { value, ...rest } = make(body, chosen);
    return { ...rest, body: Buffer.from(JSON.stringify(value)), person: value };
  });
}

function pickName(body: Body, pick: number): string {
  const names = Object.keys(body);
  return names[pick % Math.max(1, names.length)] ?? '';
}
