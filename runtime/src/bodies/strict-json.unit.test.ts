import test from 'ava';
import { type JsonFault, MAX_JSON_DEPTH, MAX_JSON_VALUES, parseStrictJson } from './strict-json.ts';

type Input = string | readonly number[];

const toBytes = (input: Input) =>
  typeof input === 'string' ? Buffer.from(input) : Buffer.from(input);
const show = (input: Input) =>
  typeof input === 'string' ? JSON.stringify(input) : `bytes ${input.join(' ')}`;

const reads = test.macro<[Input, unknown]>({
  title: (title, input) => `reads ${title ?? show(input)}`,
  exec: (t, input, value) => {
    t.deepEqual(parseStrictJson(toBytes(input)), { value });
  },
});
const refuses = test.macro<[Input, JsonFault]>({
  title: (title, input, fault) => `refuses ${title ?? show(input)} for ${fault}`,
  exec: (t, input, fault) => {
    t.deepEqual(parseStrictJson(toBytes(input)), { fault });
  },
});
const cannotStore = test.macro<[string, readonly string[]]>({
  title: (_, input) => `names the place of the unstorable text in ${input}`,
  exec: (t, input, unstorableTextAt) => {
    t.deepEqual(parseStrictJson(toBytes(input)), { unstorableTextAt });
  },
});
const changes = test.macro<[string, readonly string[]]>({
  title: (_, input) => `names the place of the inexact number in ${input.slice(0, 60)}`,
  exec: (t, input, inexactNumberAt) => {
    t.deepEqual(parseStrictJson(toBytes(input)), { inexactNumberAt });
  },
});
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test(reads, '{}', {});
test(reads, '[]', []);
test(reads, ' \t\r\n{"a" : 1 , "b" : [ true , null ] } \n', { a: 1, b: [true, null] });
test(reads, '"text"', 'text');
test(reads, '0', 0);
test(reads, '-0.5e-3', -0.0005);
test(reads, '1e308', 1e308);
test(reads, '{"a":{"a":1},"b":{"a":1}}', { a: { a: 1 }, b: { a: 1 } });
test(reads, '[{"a":1},{"a":1}]', [{ a: 1 }, { a: 1 }]);
test(reads, '{"a":"a","b":"a"}', { a: 'a', b: 'a' });
test(reads, '{"a":"{\\"a\\":1,\\"a\\":2}"}', { a: '{"a":1,"a":2}' });
test(reads, '{"a":"\\\\","b":"\\""}', { a: '\\', b: '"' });
test(reads, '{"a":"__proto__"}', { a: '__proto__' });
test(reads, '{"constructor":"Fernandes","toString":"x","valueOf":12}', {
  constructor: 'Fernandes',
  toString: 'x',
  valueOf: 12,
});
test(reads, '{"constructor":{"a":1},"prototype":2}', { constructor: { a: 1 }, prototype: 2 });
test(reads, '{"prototype":{"constructor":1}}', { prototype: { constructor: 1 } });
test(reads, '"\\ud83d\\ude00 😀"', '😀 😀');
test(reads, '"\\uFFFE\\uFEFF"', '\ufffe\ufeff');
test(reads, '{"":1}', { '': 1 });
test(
  'the deepest nesting allowed',
  reads,
  nested(MAX_JSON_DEPTH),
  JSON.parse(nested(MAX_JSON_DEPTH)),
);
test('many siblings', reads, `[${'[],'.repeat(99)}[]]`, JSON.parse(`[${'[],'.repeat(99)}[]]`));

test(refuses, '', 'syntax');
test(refuses, ' ', 'syntax');
test(refuses, '{', 'syntax');
test(refuses, '{"a":1', 'syntax');
test(refuses, '{"a":1,}', 'syntax');
test(refuses, '[1,]', 'syntax');
test(refuses, "{'a':1}", 'syntax');
test(refuses, '{a:1}', 'syntax');
test(refuses, '{} {}', 'syntax');
test(refuses, '{}x', 'syntax');
test(refuses, '{}\0', 'syntax');
test(refuses, '\u00a0{}', 'syntax');
test(refuses, '// c\n{}', 'syntax');
test(refuses, '01', 'syntax');
test(refuses, '+1', 'syntax');
test(refuses, '.5', 'syntax');
test(refuses, '1.', 'syntax');
test(refuses, 'NaN', 'syntax');
test(refuses, 'Infinity', 'syntax');
test(refuses, 'undefined', 'syntax');
test(refuses, 'True', 'syntax');
test(refuses, '"a\nb"', 'syntax');
test(refuses, '"a\0b"', 'syntax');
test(refuses, '"\\x41"', 'syntax');
test(refuses, '"\\u12g4"', 'syntax');
test(refuses, '"\\"', 'syntax');

test(refuses, '{"a":1,"a":1}', 'duplicate-name');
test(refuses, '{"a":1,"b":2,"a":3}', 'duplicate-name');
test(refuses, '{"a":1,"\\u0061":2}', 'duplicate-name');
test(refuses, '{"é":1,"\\u00e9":2}', 'duplicate-name');
test(refuses, '{"a/b":1,"a\\/b":2}', 'duplicate-name');
test(refuses, '{"a":{"b":[],"b":{}}}', 'duplicate-name');
test(refuses, '{"a":{"x":1},"a":{"y":1}}', 'duplicate-name');
test(refuses, '[{"b":1,"c":[{}],"b":2}]', 'duplicate-name');
test(refuses, '{"":1,"":2}', 'duplicate-name');

test(refuses, '{"__proto__":1}', 'reserved-name');
test(refuses, '{"a":{"__proto__":{"admin":true}}}', 'reserved-name');
test(refuses, '{"\\u005f_proto__":null}', 'reserved-name');
test(refuses, '{"constructor":{"prototype":{}}}', 'reserved-name');
test(refuses, '{"a":{"constructor":{"b":1,"prototype":2}}}', 'reserved-name');

test(changes, '1e999', []);
test(changes, '1e-999', []);
test(changes, '{"a":[-1E+400]}', ['a', '0']);
test(changes, '{"b":-0}', ['b']);
test(changes, '{"a":{"n":1},"b":{"n":9007199254740993}}', ['b', 'n']);
test(changes, `{"a":${'9'.repeat(400)}}`, ['a']);

test('arrays one too deep', refuses, nested(MAX_JSON_DEPTH + 1), 'too-deep');
test('objects one too deep', refuses, nestedObjects(MAX_JSON_DEPTH + 1), 'too-deep');
test('8,000 open arrays', refuses, nested(8_000), 'too-deep');

const values = (count: number) => Array.from({ length: count }, (_, n) => `${n},`);
const listOf = (count: number) => JSON.stringify(values(count));
test('as many values as are taken', reads, listOf(MAX_JSON_VALUES), values(MAX_JSON_VALUES));
test('one value too many', refuses, listOf(MAX_JSON_VALUES + 1), 'too-many-values');
test(
  'too many values in several objects',
  refuses,
  `{"a":${listOf(MAX_JSON_VALUES / 2)},"b":${listOf(MAX_JSON_VALUES / 2)},"c":1}`,
  'too-many-values',
);
test('commas and quotes in a text', reads, `"${'\\",'.repeat(999)}"`, '",'.repeat(999));
test('a text that does not end', refuses, `"${','.repeat(999)}`, 'syntax');

test(refuses, '\ufeff{}', 'byte-order-mark');
test(refuses, [0xff, 0xfe, 0x7b, 0, 0x7d, 0], 'encoding');
test(refuses, [0x22, 0x80, 0x22], 'encoding');
test(refuses, [0x22, 0xc0, 0xaf, 0x22], 'encoding');
test(refuses, [0x22, 0xe2, 0x82, 0x22], 'encoding');
test(refuses, [0x22, 0xed, 0xa0, 0x80, 0x22], 'encoding');
test(refuses, [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 'encoding');

test(refuses, '{"a\\u0000":1}', 'unstorable-name');
test(refuses, '{"\\ud800":1}', 'unstorable-name');
test(cannotStore, '"\\u0000"', []);
test(cannotStore, '{"a":"x\\u0000y"}', ['a']);
test(cannotStore, '{"b":1,"a":{"c":[1,{"d":"ok"},"\\ud800"]}}', ['a', 'c', '2']);
test(cannotStore, '{"a":"\\udc00\\ud800"}', ['a']);
test(cannotStore, '{"a":"\\ud83dx"}', ['a']);
