import fc, { type Arbitrary } from 'fast-check';
import type { JsonSchema } from './contract.ts';

/** A body of an operation: the object that is sent as JSON. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * Texts that have broken programs: unusual scripts, invisible characters, lone surrogates, markup.
 */
export const ODD_TEXTS: readonly string[] = [
  '\0',
  'a\0b',
  '\ud800',
  'a\udfffb',
  '\ud83d',
  '\ufeffname',
  '\u202eeman',
  'zero\u200bwidth',
  'a\u2028b',
  'tab\tnew\nline',
  '\u001b[31mred',
  '\u{10ffff}',
  '\ufffe\uffff',
  '\ue000',
  'e\u0301\u0301\u0301\u0301',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢',
  '👩‍👩‍👧‍👦',
  'ﷺ',
  'ẞß',
  'İı',
  '𝕬𝖑𝖎𝖈𝖊',
  'مرحبا',
  '',
  ' ',
  '\u3000',
  '"\\/\b\f\n\r\t',
  "'; drop table users; --",
  '<script>alert(1)</script>',
  '${jndi:ldap://example.org/a}',
  '{{7*7}}',
  '../../etc/passwd',
  'constructor',
  '__proto__',
  'null',
  '%00',
  'a@b@example.org',
  'a@[127.0.0.1]',
  'a@example.org\r\nBcc: b@example.org',
];

/** Characters that no text of a person may hold. */
const notVisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]/u;

/** A character with a glyph. A name must hold one. */
const hasGlyph = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Values of fields whose schema is too general to draw valid values from it. */
const wellKnown: Readonly<Record<string, Arbitrary<unknown>>> = {
  email: fc
    .record({
      around: fc.constantFrom('', '', '', ' ', '\t'),
      local: fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/),
      script: fc.constantFrom('', '', 'ярема', '俊傑', 'é', 'Ünal', 'ß'),
      number: fc.nat(1e9),
      host: fc.constantFrom('example.org', 'EXAMPLE.com', 'пошта.example.net', 'a.b.example.org'),
    })
    .map((part) => `${part.around}${part.script}${part.local}.${part.number}@${part.host}`),
  displayName: fc.oneof(
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter(
        (text) =>
          hasGlyph.test(text.replaceAll('\u2800', '')) &&
          !notVisible.test(text) &&
          lengthOf(text) <= 200,
      ),
    fc.constantFrom('Љиљана', '歐陽俊傑', 'x'.repeat(200), '😀'.repeat(200), 'O’Brien-Smith Jr.'),
  ),
  // Ranges of statistics, most of them short enough.
  from: fc.constantFrom('2026-03-28T00:00:00Z', '2026-03-29T01:00:00+01:00', '2030-01-01T00:00Z'),
  to: fc.constantFrom('2026-03-30T00:00:00.000Z', '2026-03-29T03:00:00+02:00', '2999-01-01T00:00Z'),
  timeZone: fc.constantFrom('UTC', 'Europe/Belgrade', 'Asia/Kathmandu', 'Europe/Nowhere'),
  locale: fc.constantFrom('en', 'sr-Latn-RS', 'de-DE', 'zh-Hant-TW', 'EN-gb', 'de-DE-1996'),
};

/** Values that fit a schema. */
export function valuesOf(schema: JsonSchema, name = ''): Arbitrary<unknown> {
  const known = wellKnown[name];
  if (known !== undefined) return known;
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(options)) return fc.oneof(...options.map((option) => valuesOf(option)));
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  if ('const' in schema) return fc.constant(schema['const']);
  switch (schema['type']) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer();
    case 'number':
      return fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valuesOf(Object(schema['items'])), { maxLength: 5 });
    case 'object':
      return 'patternProperties' in schema ? dictionaries(schema) : objects(schema);
    default:
      return fc.jsonValue();
  }
}

/** Bodies that fit a schema of an object. */
export function bodiesOf(schema: JsonSchema): Arbitrary<Body> {
  // The schema describes an object.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return valuesOf(schema).map((value) => Object(value) as Body);
}

function texts(schema: JsonSchema): Arbitrary<string> {
  if (typeof schema['pattern'] === 'string')
    return fc.stringMatching(new RegExp(schema['pattern']));
  const limit = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : 100;
  const maxLength = Math.min(limit, 100);
  const minLength = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0;
  return fc
    .oneof(
      fc.string({ minLength, maxLength }),
      fc
        .string({ unit: 'grapheme', minLength, maxLength })
        .filter((text) => lengthOf(text) <= limit),
    )
    .filter((text) => !notVisible.test(text));
}

function dictionaries(schema: JsonSchema): Arbitrary<unknown> {
  const [entry] = Object.entries(Object(schema['patternProperties']));
  const [pattern = '^a$', values] = entry ?? [];
  return fc.dictionary(fc.stringMatching(new RegExp(pattern)), valuesOf(Object(values)), {
    maxKeys: 8,
    noNullPrototype: true,
  });
}

function objects(schema: JsonSchema): Arbitrary<unknown> {
  const properties = Object.entries(Object(schema['properties']));
  const required: unknown = schema['required'];
  return fc.record(
    Object.fromEntries(properties.map(([name, value]) => [name, valuesOf(Object(value), name)])),
    { requiredKeys: Array.isArray(required) ? required : [], noNullPrototype: true },
  );
}

/** The length as JSON Schema counts it: in code points. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
