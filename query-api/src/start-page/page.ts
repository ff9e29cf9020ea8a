import { type StaticFiles, toStaticFile } from '../http/static-files.ts';

/** The page at the root, for people who open the address of the API in a browser. */
const START_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zameni</title>
<link rel="icon" type="image/png" href="/docs/favicon.png">
</head>
<body>
<h1>Zameni</h1>
<p>This is an HTTP API that registers people for applications and answers questions about them.</p>
<ul>
<li><a href="/docs">Reference</a></li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/docs/asyncapi.json">AsyncAPI document of the events</a></li>
</ul>
</body>
</html>
`;

/** Content-Security-Policy of the page: it has no script and no style, and an icon of this host. */
export const START_POLICY = [
  "default-src 'none'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files of the page by path. */
export function createStartFiles(): StaticFiles {
  return new Map([['/', toStaticFile('html', START_PAGE)]]);
}
