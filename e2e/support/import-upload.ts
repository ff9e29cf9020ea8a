import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { ImportLine, ImportRow, ImportSummary, Problem } from '@zameni/contracts';

/** The result of an import: its rows and their summary, or why all of it was refused. */
export type Imported =
  | { readonly status: 202; readonly rows: readonly ImportRow[]; readonly summary: ImportSummary }
  | { readonly status: number; readonly problem: Problem };

/** An upload controlled by the test: chunked, without a declared size. */
export type Upload = {
  readonly write: (text: string) => void;
  /** Ends the upload. Returns the answer, or the error of the connection. */
  readonly end: (text?: string) => void;
  readonly cut: () => void;
  readonly answer: Promise<Imported>;
};

/** Headers of an upload. Undefined ones are left out. */
export type UploadHeaders = Readonly<Record<string, string | undefined>>;

const ANSWER_DEADLINE_MS = 40_000;

/** Begins an upload. The test decides how it goes on. */
export function openUpload(gatewayUrl: string, headers: UploadHeaders): Upload {
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
  const upload = request(`${gatewayUrl}/v1/imports`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...Object.fromEntries(sent) },
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  const answer = readAnswer(upload);
  // A test that cuts its upload does not wait for the answer.
  answer.catch(() => undefined);
  return {
    write: (text) => void upload.write(text),
    end: (text = '') => void upload.end(text),
    cut: () => void upload.destroy(),
    answer,
  };
}

async function readAnswer(upload: ClientRequest): Promise<Imported> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  upload.once('response', resolve).once('error', reject);
  const response = await promise;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  // An upload that was refused before its end would keep the process of the test until it is cut.
  upload.destroy();
  return parseImported(response.statusCode ?? 0, text);
}

/** Reads the text of an answer. Throws if the summary is missing, as after a cut. */
export function parseImported(status: number, text: string): Imported {
  // The calling test checks the answer.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  if (status !== 202) return { status, problem: JSON.parse(text) as Problem };
  const lines = text.trimEnd().split('\n').map(parseLine);
  const summary = lines.pop();
  if (summary === undefined || 'line' in summary) throw new Error('the summary is missing');
  // The calling test checks the answer.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { status, rows: lines as ImportRow[], summary };
}

function parseLine(text: string): ImportLine {
  // The calling test checks the answer.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as ImportLine;
}
