import test from 'ava';
import { type TSchema, Type } from 'typebox';
import { createValidator, toPointer } from './validation.ts';

const closed = { additionalProperties: false } as const;
const schema = Type.Object(
  {
    name: Type.String({ minLength: 2, maxLength: 4, pattern: '^[a-z]*$' }),
    count: Type.Optional(Type.Integer({ maximum: 9 })),
    kind: Type.Optional(Type.Enum(['a', 'b'])),
    fixed: Type.Optional(Type.Literal('x')),
    tags: Type.Optional(Type.Array(Type.String({ maxLength: 3 }), { maxItems: 2 })),
    profile: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z]{1,8}$' }),
        Type.Union([Type.String({ maxLength: 3 }), Type.Number(), Type.Boolean()]),
        { maxProperties: 2, ...closed },
      ),
    ),
    inner: Type.Optional(
      Type.Object({ deep: Type.Object({ leaf: Type.String() }, closed) }, closed),
    ),
    odd: Type.Optional(Type.Object({ 'a/b': Type.String(), 'c~d': Type.String() })),
  },
  closed,
);

const fits = test.macro({
  title: (what) => `accepts ${what}`,
  exec: (t, value: unknown) => t.is(createValidator(schema)(value), undefined),
});

const places = test.macro({
  title: (what) => `reports ${what}`,
  exec: (t, value: unknown, ...expected: readonly `${string}: ${string}`[]) => {
    const errors = createValidator(schema)(value) ?? [];
    t.deepEqual(
      errors.map(({ pointer, code }) => `${pointer}: ${code}`),
      [...expected],
    );
  },
});

test('required fields only', fits, { name: 'vera' });
test('every branch of a union', fits, { name: 'vera', profile: { a: 'abc', b: 1 } });
test('nested values', fits, { name: 'vera', inner: { deep: { leaf: '' } }, tags: ['a', 'b'] });
test('names with signs', fits, { name: 'vera', odd: { 'a/b': '', 'c~d': '' } });

test('a missing field', places, {}, '/name: required');
test('a null as another type', places, { name: null }, '/name: type');
test('a value that is not an object', places, 'vera', ': type');
test('an array for an object', places, [], ': type');
test('null for an object', places, null, ': type');
test('a text too short', places, { name: 'v' }, '/name: too-short');
test('a text too long', places, { name: 'verav' }, '/name: too-long');
test('a text of the wrong form', places, { name: 'VERA' }, '/name: format');
test('the length before the form', places, { name: 'V' }, '/name: too-short');
test('a fraction for a whole number', places, { name: 'vera', count: 1.5 }, '/count: type');
test('a number as text', places, { name: 'vera', count: '1' }, '/count: type');
test('a value outside the list', places, { name: 'vera', kind: 'c' }, '/kind: format');
test('a value other than the constant', places, { name: 'vera', fixed: 'y' }, '/fixed: format');
test('too many items', places, { name: 'vera', tags: ['', '', ''] }, '/tags: too-many');
test('the item by its index', places, { name: 'vera', tags: ['', 'long'] }, '/tags/1: too-long');
test('an unknown field', places, { name: 'vera', x: 1 }, '/x: unknown-field');
test(
  'every fault at once, by its place',
  places,
  { kind: 'c', tags: [1, 2], x: 1 },
  ...(['/name: required', '/x: unknown-field', '/kind: format'] as const),
  ...(['/tags/0: type', '/tags/1: type'] as const),
);
test(
  'a missing field where it is missing',
  places,
  { name: 'vera', inner: { deep: {} } },
  '/inner/deep/leaf: required',
);
test(
  'an unknown field where it is',
  places,
  { name: 'vera', inner: { deep: { leaf: '', more: 1 } } },
  '/inner/deep/more: unknown-field',
);
test(
  'a wrong type where it is',
  places,
  { name: 'vera', inner: { deep: { leaf: 1 } } },
  '/inner/deep/leaf: type',
);
test(
  'the branch of a union that got furthest',
  places,
  { name: 'vera', profile: { a: 'abcd' } },
  '/profile/a: too-long',
);
test(
  'one fault where no branch of a union fits',
  places,
  { name: 'vera', profile: { a: null, b: {} } },
  '/profile/a: type',
  '/profile/b: type',
);
test(
  'too many fields of a record',
  places,
  { name: 'vera', profile: { a: 1, b: 1, c: 1 } },
  '/profile: too-many',
);
test(
  'a name that a record does not take',
  places,
  { name: 'vera', profile: { Name: 1 } },
  '/profile/Name: unknown-field',
);
test(
  'names with signs in their escaped form (RFC 6901)',
  places,
  { name: 'vera', odd: { 'a/b': 1, 'c~d': 1 } },
  '/odd/a~1b: type',
  '/odd/c~0d: type',
);
test(
  'no name that may be data: what a client wrote there is not repeated',
  places,
  { name: 'vera', 'vera@example.org': 1, inner: { deep: { leaf: '', 'a/b~c': 1 } } },
  ': unknown-field',
  '/inner/deep: unknown-field',
);
test(
  'a rule without a code of its own at the root',
  places,
  { name: 'vera', count: 10 },
  ': format',
);

const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`x${index}`, 1]));

test('never more than twenty places are reported', (t) => {
  const count = createValidator(schema)({ name: 'vera', ...many })?.length ?? 0;
  t.true(count >= 1 && count <= 20);
});

test('twenty of many unknown fields are named', (t) => {
  const errors = createValidator(schema)({ name: 'vera', ...many }) ?? [];
  t.is(errors.length, 20);
  t.true(errors.every(({ pointer, code }) => /^\/x\d+$/.test(pointer) && code === 'unknown-field'));
});

test('a validator keeps nothing of the last value', (t) => {
  const validate = createValidator(schema);
  t.truthy(validate({}));
  t.is(validate({ name: 'vera' }), undefined);
});

const pointers = test.macro({
  title: (_, path: readonly string[]) => `the pointer of ${JSON.stringify(path)}`,
  exec: (t, path: readonly string[], expected: string) => t.is(toPointer(path), expected),
});

test(pointers, [], '');
test(pointers, ['a'], '/a');
test(pointers, ['a', '0', 'b_c-d'], '/a/0/b_c-d');
test(pointers, ['a', '9999'], '/a/9999');
test(pointers, ['a', '10000'], '/a');
test(pointers, ['a', 'vera@example.org', 'b'], '/a');
test(pointers, ['a/b'], '');
test(pointers, ['a~b'], '');
test(pointers, ['', 'a'], '');
test(pointers, ['x'.repeat(33)], '');

test('a schema of one value answers at the root', (t) => {
  const only: TSchema = Type.String({ minLength: 1 });
  t.deepEqual(createValidator(only)(''), [{ pointer: '', code: 'too-short' }]);
});
