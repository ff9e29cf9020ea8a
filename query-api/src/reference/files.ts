import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createAsyncApi, createOpenApi } from '@zameni/contracts';
import { type StaticFiles, toStaticFile } from '../http/static-files.ts';
import { REFERENCE_PAGE, REFERENCE_SCRIPT } from './page.ts';

/** Reads the page's files from their package and creates the documents. `/docs` is the page. */
export function readReferenceFiles(): StaticFiles {
  const page = toStaticFile('html', REFERENCE_PAGE);
  return new Map([
    ['/openapi.json', toStaticFile('json', JSON.stringify(createOpenApi()))],
    ['/docs', page],
    ['/docs/', page],
    ['/docs/asyncapi.json', toStaticFile('json', JSON.stringify(createAsyncApi()))],
    ['/docs/reference.js', toStaticFile('script', REFERENCE_SCRIPT)],
    ['/docs/swagger-ui.css', toStaticFile('style', readPackaged('swagger-ui.css'))],
    ['/docs/swagger-ui-bundle.js', toStaticFile('script', readPackaged('swagger-ui-bundle.js'))],
    ['/docs/favicon.png', toStaticFile('png', readPackaged('favicon-32x32.png'))],
  ]);
}

function readPackaged(name: string): Buffer {
  return readFileSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));
}
