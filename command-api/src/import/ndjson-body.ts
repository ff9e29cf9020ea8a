import type { IncomingMessage } from 'node:http';
import { NDJSON_MEDIA_TYPE } from '@zameni/contracts';
import { requirePlainUtf8 } from '@zameni/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Makes the routes of a scope accept only NDJSON. The body is the stream itself; its reader bounds
 * size and time.
 */
export function takeNdjsonOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    NDJSON_MEDIA_TYPE,
    async ({ headers }: FastifyRequest, upload: IncomingMessage) => {
      requirePlainUtf8(headers);
      return upload;
    },
  );
}
