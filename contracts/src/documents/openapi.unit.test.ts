import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { ERROR_CODES } from '../error-codes.ts';
import { OPERATIONS } from '../operations/table.ts';
import { PROBLEM_STATUS } from '../problem.ts';
import { EXAMPLES } from './examples.ts';
import { API_VERSION, createOpenApi } from './openapi.ts';

type Responses = Record<
  string,
  { content?: Record<string, { schema?: unknown; examples?: Record<string, { value: unknown }> }> }
>;
type Document = {
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        parameters: { name: string; in: string }[];
        requestBody?: { content: Record<string, { schema: unknown; example: unknown }> };
        responses: Responses;
      }
    >
  >;
  components: { schemas: Record<string, unknown> };
};

// The document is JSON; the meta-schema has checked its form.
const document = JSON.parse(JSON.stringify(createOpenApi())) as Document;
const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
const mediaTypes = operations.flatMap(({ operationId, requestBody, responses }) => [
  ...Object.entries(requestBody?.content ?? {}).map(([type, content]) => ({
    at: `${operationId} ${type}`,
    schema: content.schema,
    values: [content.example],
  })),
  ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, { schema, examples, ...rest }]) => ({
      at: `${operationId} ${status} ${type}`,
      schema,
      values: [
        ...('example' in rest ? [rest.example] : []),
        ...Object.values(examples ?? {}).map(({ value }) => value),
      ],
    })),
  ),
]);

test('conforms to the official schema of OpenAPI 3.1', async (t) => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  t.deepEqual(result.errors ?? [], []);
  t.true(result.valid);
  t.is(validator.version, '3.1');
});

test('every schema in it is valid JSON Schema 2020-12 and every reference resolves', (t) => {
  const ajv = createAjv();
  for (const { at, schema } of mediaTypes) {
    if (schema !== undefined) t.notThrows(() => ajv.compile(withComponents(schema)), at);
  }
});

test('every example fits its schema', (t) => {
  const ajv = createAjv();
  for (const { at, schema, values } of mediaTypes) {
    for (const value of schema === undefined ? [] : values) {
      const check = ajv.compile(withComponents(schema));
      t.true(check(value), `${at} ${ajv.errorsText(check.errors)}`);
    }
  }
});

test('every JSON body has an example', (t) => {
  t.deepEqual(
    mediaTypes.filter(({ schema, values }) => schema !== undefined && values.length === 0),
    [],
  );
});

test('examples hold addresses of example domains only', (t) => {
  const addresses = JSON.stringify([document, EXAMPLES]).match(/[\w.+-]+@[\w.-]+/g) ?? [];
  t.true(addresses.length > 0);
  t.deepEqual(
    addresses.filter((address) => !/@example\.(org|com|net)$/.test(address)),
    [],
  );
});

test('every problem of an operation is listed under its status', (t) => {
  for (const { id, path, method, problems } of Object.values(OPERATIONS)) {
    const responses = document.paths[path]?.[method]?.responses ?? {};
    const listed = Object.entries(responses).flatMap(([status, { content }]) =>
      Object.keys(content?.['application/problem+json']?.examples ?? {}).map(
        (code) => `${code} ${status}`,
      ),
    );
    const expected = problems.map((code) => `${code} ${PROBLEM_STATUS[code]}`);
    t.deepEqual(listed.toSorted(), expected.toSorted(), id);
  }
});

test('every code of the catalogue belongs to an operation, to no path, or to operators', (t) => {
  const used = new Set<string>(Object.values(OPERATIONS).flatMap(({ problems }) => problems));
  const unused = Object.keys(ERROR_CODES).filter((code) => !used.has(code));
  t.deepEqual(unused, ['method-not-allowed', 'park-changed', 'rebuild-state', 'message-state']);
});

test('every part of a path is a parameter', (t) => {
  for (const [path, item] of Object.entries(document.paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    for (const { parameters } of Object.values(item)) {
      const listed = parameters.filter((field) => field.in === 'path').map(({ name }) => name);
      t.deepEqual(listed, named);
    }
  }
});

test('has the version of the package', (t) => {
  const path = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  t.is(API_VERSION, version);
});

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  return ajv.addVocabulary(['components']);
}

function withComponents(schema: unknown): object {
  return { allOf: [schema], components: document.components };
}
