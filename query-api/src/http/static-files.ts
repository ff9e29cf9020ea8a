import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { AppError } from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEntityTag } from './if-none-match.ts';

/** A file that is served from memory. */
export type StaticFile = {
  readonly mediaType: string;
  readonly body: Buffer;
  /** Strong entity tag of the body. */
  readonly etag: string;
  /** The body compressed with gzip, which has a tag of its own; null if that saves nothing. */
  readonly gzip: { readonly body: Buffer; readonly etag: string } | null;
};

/** The files of a page by path. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** The media types of files. */
export const MEDIA_TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
} as const;

/** Seconds a copy may be used without a request. Short, because the paths have no version. */
const MAX_AGE_SECONDS = 300;

/** Creates a file. */
export function toStaticFile(type: keyof typeof MEDIA_TYPES, content: string | Buffer): StaticFile {
  const body = Buffer.from(content);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  // Once, at the start. With the highest level all files take a quarter of a second.
  const zipped = gzipSync(body, { level: 9 });
  return {
    mediaType: MEDIA_TYPES[type],
    body,
    etag: `"${digest}"`,
    gzip: zipped.length < body.length ? { body: zipped, etag: `"${digest}-gzip"` } : null,
  };
}

/** Sends the file at the request's path, or 304. `policy` is its Content-Security-Policy. */
export function sendStaticFile(
  { files, policy }: { readonly files: StaticFiles; readonly policy: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const file = files.get(request.url.split('?', 1)[0] ?? '');
  if (file === undefined) throw new AppError('not-found');
  const isZipped = file.gzip !== null && takesGzip(request.headers['accept-encoding']);
  const { body, etag } = (isZipped ? file.gzip : null) ?? file;
  reply
    .header('ETag', etag)
    .header('Vary', 'Accept-Encoding')
    .header('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`)
    .header('Content-Security-Policy', policy)
    .header('Referrer-Policy', 'no-referrer')
    .header('X-Content-Type-Options', 'nosniff');
  if (matchesEntityTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (isZipped) reply.header('Content-Encoding', 'gzip');
  return reply.type(file.mediaType).send(body);
}

/** Whether `Accept-Encoding` takes gzip (RFC 9110 section 12.5.3). Without the header nothing is sure. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const weights = new Map(
    (acceptEncoding ?? '').split(',').map((item) => {
      const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [coding, weight === undefined ? 1 : Number(weight)] as const;
    }),
  );
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
