import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createAsyncApi, createOpenApi } from '@zameni/contracts';
import { REFERENCE_PAGE, REFERENCE_SCRIPT } from './page.ts';

/** A file of the reference. */
export type ReferenceFile = {
  readonly mediaType: string;
  readonly body: Buffer;
  /** Strong entity tag of the body. */
  readonly etag: string;
};

/** The files of the reference by path. `/docs` is the page. */
export type ReferenceFiles = ReadonlyMap<string, ReferenceFile>;

const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** Reads the page's files from their package and creates the documents. All stay in memory. */
export function readReferenceFiles(): ReferenceFiles {
  const page = toFile(HTML, REFERENCE_PAGE);
  return new Map([
    ['/openapi.json', toFile(JSON_TYPE, JSON.stringify(createOpenApi()))],
    ['/docs', page],
    ['/docs/', page],
    ['/docs/asyncapi.json', toFile(JSON_TYPE, JSON.stringify(createAsyncApi()))],
    ['/docs/reference.js', toFile(SCRIPT, REFERENCE_SCRIPT)],
    ['/docs/swagger-ui.css', toFile(STYLE, readPackaged('swagger-ui.css'))],
    ['/docs/swagger-ui-bundle.js', toFile(SCRIPT, readPackaged('swagger-ui-bundle.js'))],
    ['/docs/favicon.png', toFile('image/png', readPackaged('favicon-32x32.png'))],
  ]);
}

function toFile(mediaType: string, content: string | Buffer): ReferenceFile {
  const body = Buffer.from(content);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  return { mediaType, body, etag: `"${digest}"` };
}

function readPackaged(name: string): Buffer {
  return readFileSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));
}
