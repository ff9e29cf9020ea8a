import { type FieldError, MAX_PUBLIC_BODY_BYTES } from '@zameni/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { type JsonFault, MAX_JSON_DEPTH, parseStrictJson } from './strict-json.ts';
import { toPointer } from './validation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** How many bytes of JSON came; whose limit depends on the caller's scope checks it by this. */
    bodyBytes: number;
  }
}

/** What the client is told about each fault; nothing of the body is repeated. */
const DETAILS: Readonly<Record<JsonFault, string>> = {
  encoding: 'The body must be UTF-8',
  'byte-order-mark': 'The body must not begin with a byte order mark',
  syntax: 'The body does not follow the grammar of RFC 8259',
  'duplicate-name': 'A name occurs twice in one object',
  'too-deep': `Objects and arrays may be nested ${MAX_JSON_DEPTH} deep`,
  'number-range': 'A number is larger than a double can hold',
  'reserved-name': 'The names __proto__ and constructor.prototype are not taken',
  'unstorable-name': 'A name holds a NUL or half of a surrogate pair',
};

/**
 * Makes an application read strict JSON in UTF-8 and nothing else, little of it from requests without
 * a token. Text that nothing can store (a
 * NUL, half a surrogate pair) is named by its place as `invalid-request`, like any other character
 * that is not taken; every other fault is `malformed-json`.
 */
export function addJsonBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.decorateRequest('bodyBytes', 0);
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const { headers } = request;
      requirePlainUtf8(headers);
      request.bodyBytes = body.length;
      if (headers.authorization === undefined && body.length > MAX_PUBLIC_BODY_BYTES) {
        const detail = `A public body has at most ${MAX_PUBLIC_BODY_BYTES} bytes`;
        throw new AppError('payload-too-large', { detail });
      }
      return parseJsonBody(body);
    },
  );
}

/** The value of a body; throws `malformed-json`, or `invalid-request` for text nothing can store. */
export function parseJsonBody(body: Buffer): unknown {
  const parsed = parseStrictJson(body);
  if ('value' in parsed) return parsed.value;
  if ('fault' in parsed) throw new AppError('malformed-json', { detail: DETAILS[parsed.fault] });
  const error: FieldError = {
    pointer: toPointer(parsed.unstorableTextAt),
    code: 'invisible-character',
  };
  throw new AppError('invalid-request', { errors: [error] });
}

/** Throws `unsupported-media-type` for a body in another charset, or compressed. */
export function requirePlainUtf8(headers: FastifyRequest['headers']): void {
  requireUtf8(headers['content-type'] ?? '');
  requireIdentity(headers['content-encoding']);
}

const charsetParameter = /;\s*charset\s*=\s*([^;]*)/gi;

function requireUtf8(contentType: string): void {
  if (contentType === 'application/json') return;
  for (const [, value = ''] of contentType.matchAll(charsetParameter)) {
    if (!/^"?utf-8"?\s*$/i.test(value)) {
      throw new AppError('unsupported-media-type', { detail: 'The charset must be utf-8' });
    }
  }
}

function requireIdentity(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || /^\s*identity\s*$/i.test(contentEncoding)) return;
  throw new AppError('unsupported-media-type', {
    detail: 'The body must not be compressed (Content-Encoding: identity)',
  });
}
