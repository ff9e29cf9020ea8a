import test from 'ava';
import { Type } from 'typebox';
import { createValidator, toPointer } from './validation.ts';

const schema = Type.Object(
  { name: Type.String(), profile: Type.Optional(Type.Record(Type.String(), Type.String())) },
  { additionalProperties: false },
);

test('names an unknown field that looks like one', (t) => {
  const errors = createValidator(schema)({ name: 'x', password: 'y' });
  t.deepEqual(errors, [{ pointer: '/password', code: 'unknown-field' }]);
});

test('does not repeat a name that may be data in the wrong place', (t) => {
  const errors = createValidator(schema)({ name: 'x', 'vera@example.org': 'y' });
  t.deepEqual(errors, [{ pointer: '', code: 'unknown-field' }]);
});

const points = test.macro<[readonly string[], string]>({
  title: (_, path, pointer) => `points at ${JSON.stringify(path)} with "${pointer}"`,
  exec: (t, path, pointer) => t.is(toPointer(path), pointer),
});
test(points, [], '');
test(points, ['profile', 'city'], '/profile/city');
test(points, ['a', '2', 'height_cm'], '/a/2/height_cm');
test(points, ['profile', 'Vera Marković'], '/profile');
test(points, ['a/b', 'c'], '');
test(points, ['a', '', 'c'], '/a');
test(points, ['a', 'x'.repeat(33)], '/a');
