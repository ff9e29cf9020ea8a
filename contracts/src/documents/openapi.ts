import type { TSchema } from 'typebox';
import { EXAMPLE_ID, EXAMPLES } from './examples.ts';
import { toProblemResponses } from './openapi-problems.ts';
import {
  type Answer,
  type Field,
  type HttpService,
  MERGE_PATCH_MEDIA_TYPE,
  NDJSON_MEDIA_TYPE,
  type Operation,
} from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { toReferencePaths } from './openapi-reference.ts';
import { rateLimitFields } from './rate-limit-fields.ts';
import {
  type JsonObject,
  createSchemaComponents,
  type SchemaComponents,
} from './schema-components.ts';
import { SCOPES } from '../operations/scopes.ts';

/** The version of both APIs and of their documents. */
export const API_VERSION = '0.1.0';

const DESCRIPTION = `Registers people for applications and answers queries about them. Never loses an
accepted registration.

- **Commands** append to a log and answer once it is safe; **queries** answer from read models.
- Every answer that knows a position in the log carries it in \`Position\`. If the next request sends
  it as \`Min-Position\`, its answer is at least that fresh: "created but not found" cannot happen.
- Every failure is a problem document (RFC 9457). Decide by \`code\`; its meaning never changes.
- A path that is not listed is answered 404 \`not-found\`, a method that is not listed 405
  \`method-not-allowed\` with \`Allow\`. HEAD is answered wherever GET is, OPTIONS on every path: 204
  with \`Allow\`.
- A repeated command with the same \`Idempotency-Key\` gets the first answer again. Without an answer,
  or after a 503, nobody knows whether the command was accepted: send it again with the same key and
  body. A change that was sent with \`If-Match\` is recognised by its key, although it changed the
  \`ETag\`; without a key it is 412 then.
- The events of the log are described at [/docs/asyncapi.json](/docs/asyncapi.json).`;

const TAGS: Readonly<Record<HttpService, string>> = {
  'command-api': 'Commands',
  'query-api': 'Queries',
};

/** The OpenAPI 3.1 document of both APIs. */
export function createOpenApi(): JsonObject {
  const components = createSchemaComponents();
  const operations: readonly Operation[] = Object.values(OPERATIONS);
  const byPath = Map.groupBy(operations, ({ path }) => path);
  const paths = [...byPath].map(([path, some]) => [
    path,
    Object.fromEntries(
      some.map((operation) => [operation.method, toOperation(operation, components)]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Zameni',
      version: API_VERSION,
      summary: 'Registration of people for applications',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that served this document' }],
    tags: [
      { name: 'Commands', description: 'Append to the log' },
      { name: 'Queries', description: 'Read from read models, as fresh as requested' },
      { name: 'Reference', description: 'Documents about the APIs' },
      { name: 'Pages', description: 'Pages for people' },
    ],
    paths: { ...Object.fromEntries(paths), ...toReferencePaths(components) },
    components: {
      schemas: components.all(),
      responses: {
        MethodNotAllowed: toProblemResponses(['method-not-allowed'], components)['405'] ?? {},
      },
      securitySchemes: { bearerToken: toSecurityScheme() },
    },
  };
}

function toOperation(operation: Operation, components: SchemaComponents): JsonObject {
  const { id, service, summary, description, params, query = {}, headers, problems } = operation;
  const fields = [
    ...Object.entries(params).map(([name, field]) => toParameter('path', name, field, components)),
    ...Object.entries(query).map(([name, field]) => toParameter('query', name, field, components)),
    ...Object.entries(headers).map(([name, field]) =>
      toParameter('header', name, field, components),
    ),
  ];
  const content = toContent(operation, components, operation.method === 'patch');
  const limits = problems.includes('rate-limited') ? rateLimitFields : {};
  return {
    operationId: id,
    tags: [TAGS[service]],
    summary,
    description,
    security: toSecurity(operation),
    parameters: fields,
    ...(content === undefined ? {} : { requestBody: { required: true, content } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [
          status,
          toResponse({ ...answer, headers: { ...answer.headers, ...limits } }, components),
        ]),
      ),
      ...toProblemResponses(problems, components),
    },
  };
}

/** If no token is needed, the empty requirement comes first: the public may call. */
function toSecurity({ token, scopes }: Operation): JsonObject[] {
  const requirement = { bearerToken: scopes };
  return token === 'needed' ? [requirement] : [{}, requirement];
}

function toParameter(
  place: 'path' | 'query' | 'header',
  name: string,
  { description, schema, required }: Field,
  { refer }: SchemaComponents,
): JsonObject {
  return {
    name,
    in: place,
    required: required === true,
    description,
    schema: refer(schema),
    ...(place === 'path' ? { example: EXAMPLE_ID } : {}),
  };
}

function toResponse(answer: Answer, components: SchemaComponents): JsonObject {
  const { description, headers } = answer;
  const content = toContent(answer, components);
  const entries = Object.entries(headers).map(([name, field]) => [
    name,
    {
      description: field.description,
      required: field.required === true,
      schema: components.refer(field.schema),
    },
  ]);
  return {
    description,
    headers: Object.fromEntries(entries),
    ...(content === undefined ? {} : { content }),
  };
}

/** For NDJSON, the schema is that of one line: OpenAPI 3.1 cannot express a sequence of texts. */
function toContent(
  { body, lines }: { readonly body?: TSchema; readonly lines?: TSchema },
  { refer }: SchemaComponents,
  isPatch = false,
): JsonObject | undefined {
  const schema = body ?? lines;
  if (schema === undefined) return undefined;
  const title: unknown = Reflect.get(schema, 'title');
  const example = typeof title === 'string' ? EXAMPLES[title] : undefined;
  const content: JsonObject = {
    schema: refer(schema),
    // Examples are plain JSON.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    ...(example === undefined ? {} : { example: example as JsonObject }),
  };
  if (body === undefined) return { [NDJSON_MEDIA_TYPE]: content };
  return isPatch
    ? { [MERGE_PATCH_MEDIA_TYPE]: content, 'application/json': content }
    : { 'application/json': content };
}

function toSecurityScheme(): JsonObject {
  const scopes = Object.entries(SCOPES).map(([scope, meaning]) => `- \`${scope}\`: ${meaning}`);
  return {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A signed JWT of type \`at+jwt\` (RFC 9068; an operator can configure another type) with \`sub\`, \`iat\`, \`exp\`, the configured issuer and audience, and the scopes in \`scope\` or \`scp\`: a text of names separated by spaces, or a list of names. From \`iat\` to \`exp\` it lives a day at most, or as long as configured.\n\n${scopes.join('\n')}\n\nLocally, \`npx zameni token --scope users:read\` prints one.`,
  };
}
