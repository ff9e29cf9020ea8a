import { type FieldError, MAX_PUBLIC_BODY_BYTES, MERGE_PATCH_MEDIA_TYPE } from '@zameni/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { takenMediaTypes, takesNdjson } from './media-types.ts';
import { type JsonFault, MAX_JSON_DEPTH, MAX_JSON_VALUES, parseStrictJson } from './strict-json.ts';
import { toPointer } from '../http/validation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Size of the JSON body in bytes, for routes whose limit depends on the caller's scope. */
    bodyBytes: number;
  }
}

/** The detail of each fault for the client. It repeats nothing of the body. */
const DETAILS: Readonly<Record<JsonFault, string>> = {
  encoding: 'The body must be UTF-8',
  'byte-order-mark': 'The body must not begin with a byte order mark',
  'too-many-values': `A body holds ${MAX_JSON_VALUES} values at most`,
  syntax: 'The body does not follow the grammar of RFC 8259',
  'duplicate-name': 'A name occurs twice in one object',
  'too-deep': `Objects and arrays may be nested ${MAX_JSON_DEPTH} deep`,
  'reserved-name': 'The names __proto__ and constructor.prototype are not taken',
  'unstorable-name': 'A name holds a NUL or half of a surrogate pair',
};

/**
 * Makes an application accept strict JSON in UTF-8 and no other body; a PATCH may call it a merge
 * patch. A request without a body has no media type, so the `Content-Type` that many clients send
 * with each request is ignored where no body is needed. Without a token a body has at
 * most MAX_PUBLIC_BODY_BYTES (`payload-too-large`). Text that cannot be stored (NUL, half a
 * surrogate pair) and a number that would not be kept exactly are `invalid-request` with the place.
 * Every other fault is `malformed-json`.
 */
export function addJsonBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.decorateRequest('bodyBytes', 0);
  app.addHook('onRequest', ignoreTypeOfNothing);
  app.addContentTypeParser<Buffer>(
    ['application/json', MERGE_PATCH_MEDIA_TYPE],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const { headers } = request;
      requireTaken(request);
      requirePlainUtf8(headers);
      if (body.length === 0 && !needsBody(request)) return undefined;
      request.bodyBytes = body.length;
      if (headers.authorization === undefined && body.length > MAX_PUBLIC_BODY_BYTES) {
        const detail = `A public body has at most ${MAX_PUBLIC_BODY_BYTES} bytes`;
        throw new AppError('payload-too-large', { detail });
      }
      return parseJsonBody(body);
    },
  );
}

/** Fastify would parse nothing as a body of the type that the header names. */
function ignoreTypeOfNothing(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { headers } = request.raw;
  const isEmpty =
    headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  if (isEmpty && !needsBody(request)) delete headers['content-type'];
  done();
}

function needsBody(request: FastifyRequest): boolean {
  return request.routeOptions.schema?.body !== undefined || takesNdjson(request);
}

/** A merge patch is for PATCH. */
function requireTaken(request: FastifyRequest): void {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (takenMediaTypes(request).includes(type.trim().toLowerCase())) return;
  throw new AppError('unsupported-media-type');
}

/**
 * Parses a body. Throws `malformed-json`, or `invalid-request` for a text or number that cannot be
 * stored as it is.
 */
export function parseJsonBody(body: Buffer): unknown {
  const parsed = parseStrictJson(body);
  if ('value' in parsed) return parsed.value;
  if ('fault' in parsed) throw new AppError('malformed-json', { detail: DETAILS[parsed.fault] });
  const error: FieldError =
    'inexactNumberAt' in parsed
      ? { pointer: toPointer(parsed.inexactNumberAt), code: 'inexact-number' }
      : { pointer: toPointer(parsed.unstorableTextAt), code: 'invisible-character' };
  throw new AppError('invalid-request', { errors: [error] });
}

/** Throws `unsupported-media-type` for another charset or a compressed body. */
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
