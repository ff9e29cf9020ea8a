import type { ErrorCode } from '../error-codes.ts';
import { EntityTag } from '../identifiers.ts';
import { PAGES } from '../operations/routes.ts';
import { toProblemResponses } from './openapi-problems.ts';
import type { JsonObject, SchemaComponents } from './schema-components.ts';

const PROBLEMS = [
  'bad-request',
  'request-timeout',
  'rate-limited',
  'internal',
  'service-unavailable',
  'gateway-timeout',
] as const satisfies readonly ErrorCode[];

/** Returns the paths of the pages and their files, for the OpenAPI document. */
export function toReferencePaths(components: SchemaComponents): JsonObject {
  const headers = {
    ETag: {
      description: 'Strong tag that changes with the content',
      required: true,
      schema: components.refer(EntityTag),
    },
    'Cache-Control': {
      description: 'How long it may be used without revalidation',
      required: true,
      schema: { type: 'string', pattern: '^public, max-age=[0-9]+$' },
    },
    Age: {
      description: 'Seconds since the gateway got its copy; only on answers from it',
      schema: { type: 'integer', minimum: 0 },
    },
    Vary: {
      description: 'Texts are sent compressed (gzip) to whom takes it',
      required: true,
      schema: { type: 'string', pattern: 'Accept-Encoding' },
    },
  };
  const entries = PAGES.map(({ id, tag, path, summary, mediaType, file }) => {
    const hasFile = file !== undefined;
    const problems = [...PROBLEMS, ...(hasFile ? (['not-found'] as const) : [])];
    const get: JsonObject = {
      operationId: id,
      tags: [tag],
      summary,
      security: [],
      parameters: [
        ...(hasFile
          ? [
              {
                name: 'file',
                in: 'path',
                required: true,
                description: 'Name of the file',
                schema: { type: 'string' },
                example: file,
              },
            ]
          : []),
        {
          name: 'If-None-Match',
          in: 'header',
          required: false,
          description: 'An `ETag` of an earlier answer: 304 if nothing changed',
          schema: { type: 'string' },
        },
      ],
      responses: {
        '200': { description: summary, headers, content: { [mediaType]: {} } },
        '304': { description: 'Not changed', headers },
        ...toProblemResponses(problems, components),
      },
    };
    return [path, { get }];
  });
  return Object.fromEntries(entries);
}
