import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StaticFiles, toStaticFile } from '../http/static-files.ts';
import { type Messages, readMessages } from './messages.ts';

const FOLDER = join(import.meta.dirname, 'browser');

/**
 * Reads the page behind a link from its folder, and the texts of each language. All files stay in
 * memory.
 */
export function readVerifyFiles(): StaticFiles {
  const messages = Object.entries(readMessages());
  const page = toStaticFile('html', toPage(read('page.html'), messages));
  const scripts = readdirSync(FOLDER).filter((name) => name.endsWith('.js'));
  return new Map([
    ['/verify', page],
    ['/verify/', page],
    ['/verify/verify.css', toStaticFile('style', withoutComments(read('verify.css')))],
    ['/verify/icon.svg', toStaticFile('svg', read('icon.svg'))],
    ...scripts.map(
      (name) => [`/verify/${name}`, toStaticFile('script', withoutComments(read(name)))] as const,
    ),
    ...messages.map(
      ([tag, texts]) =>
        [`/verify/messages-${tag}.json`, toStaticFile('json', JSON.stringify(texts))] as const,
    ),
  ]);
}

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** Puts into the page what depends on the languages. */
function toPage(html: string, messages: readonly (readonly [string, Messages])[]): string {
  const late = messages.map(
    ([tag, texts]) => `<p lang="${tag}" dir="${texts.direction}">${texts.late}</p>`,
  );
  const options = messages.map(
    ([tag, { language }]) => `<option value="${tag}" lang="${tag}">${language}</option>`,
  );
  return html
    .replace('<!--late-->', late.join('\n'))
    .replace('<!--languages-->', options.join('\n'));
}

/** Drops lines that hold a comment only, empty lines and indents. A phone does not need them. */
function withoutComments(source: string): string {
  return source.replaceAll(/^ *(?:\/\*[^]*?\*\/|\/\/.*)$/gm, '').replaceAll(/^\s+/gm, '');
}
