import { Compile } from 'typebox/compile';
import { NDJSON_MEDIA_TYPE, type Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEM_STATUS, Problem } from '../problem.ts';
import { decodeLines, type LinesToSend, toLinesBody } from './lines.ts';
import type { AnyAnswer, AnyRequest, CallOptions, Client } from './types.ts';

/** The part of a `fetch` response that a client needs. */
type FetchedResponse = {
  readonly status: number;
  readonly headers: { readonly get: (name: string) => string | null };
  readonly text: () => Promise<string>;
  /** The bytes as they arrive; needed only for answers of many lines. */
  readonly body?: AsyncIterable<Uint8Array> | null;
};

/** The part of `fetch` that a client needs. The `fetch` of Node and browsers has this form. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string | ReadableStream<Uint8Array>;
    /** A streamed body is sent completely before an answer is expected. */
    readonly duplex?: 'half';
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<FetchedResponse>;

/** Server, transport and token of a client. */
export type ClientOptions = {
  /** For example `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly token?: string;
  /** Milliseconds until a call is aborted. */
  readonly deadlineMs?: number;
};

/** An answer that the contract does not allow. Names the difference, never the content. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

/** Longer than the longest wait that a reader can request, and than the gateway's own deadline. */
const DEFAULT_DEADLINE_MS = 40_000;

/** Deadline for many lines: longer than the service takes for the slowest of them. */
const LINES_DEADLINE_MS = 6 * 60_000;

/**
 * Creates a client with one method for each operation. Every answer that the contract allows is
 * returned, problem documents too. A failed `fetch`, a passed deadline and a ContractError are
 * thrown.
 */
export function createClient(options: ClientOptions): Client {
  const methods = Object.values(OPERATIONS).map((operation) => {
    const read = createReader(operation);
    return [
      operation.id,
      async (request: AnyRequest, call: CallOptions = {}) =>
        read(await send(options, operation, request, call)),
    ];
  });
  // One method for each operation. The reader has checked the answers against it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(methods) as Client;
}

function send(
  { baseUrl, fetch, token, deadlineMs }: ClientOptions,
  operation: Operation,
  request: AnyRequest,
  call: CallOptions,
): Promise<FetchedResponse> {
  const hasLines = operation.lines !== undefined;
  const usualMs = hasLines ? LINES_DEADLINE_MS : DEFAULT_DEADLINE_MS;
  const deadline = AbortSignal.timeout(call.deadlineMs ?? deadlineMs ?? usualMs);
  const bearer = call.token ?? token;
  const mediaType = hasLines ? NDJSON_MEDIA_TYPE : 'application/json';
  const headers: Record<string, string> = { Accept: `${mediaType}, ${PROBLEM_MEDIA_TYPE}` };
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (value !== undefined) headers[name] = value;
  }
  if (bearer !== undefined) headers['Authorization'] = `Bearer ${bearer}`;
  if (request.body !== undefined) headers['Content-Type'] = mediaType;
  const { params = {}, query = {} } = request;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const url = new URL(path, baseUrl);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return fetch(url.href, {
    method: operation.method.toUpperCase(),
    headers,
    redirect: 'manual',
    signal: call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]),
    ...(hasLines
      ? // The type of the request guarantees this for operations that send lines.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        { body: toLinesBody(request.body as LinesToSend<unknown>), duplex: 'half' }
      : request.body === undefined
        ? {}
        : { body: JSON.stringify(request.body) }),
  });
}

const problemCheck = Compile(Problem);

/** Converts a response to an answer of the operation. Throws ContractError. */
function createReader(operation: Operation): (response: FetchedResponse) => Promise<AnyAnswer> {
  const answers = new Map(
    Object.entries(operation.answers).map(([status, { headers, body, lines }]) => [
      Number(status),
      {
        headers,
        check: body === undefined ? undefined : Compile(body),
        lineCheck: lines === undefined ? undefined : Compile(lines),
      },
    ]),
  );
  return async (response) => {
    const { status } = response;
    const fail = (what: string) => new ContractError(`${operation.id} answered ${status}: ${what}`);
    const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim();
    if (mediaType === PROBLEM_MEDIA_TYPE) {
      const body = parseJson(await response.text());
      if (!problemCheck.Check(body)) throw fail('the problem document is not valid');
      const { code } = body;
      const isKnown = operation.problems.includes(code) && PROBLEM_STATUS[code] === status;
      if (!isKnown) throw fail(`the code ${code} is not one of it`);
      return { status, code, body, headers: pick(response, ['Retry-After', 'Position']) };
    }
    const answer = answers.get(status);
    if (answer === undefined) throw fail('the operation does not know this status');
    const headers = pick(response, Object.keys(answer.headers));
    for (const [name, { required }] of Object.entries(answer.headers)) {
      if (required && headers[name] === undefined) throw fail(`the header ${name} is missing`);
    }
    const { lineCheck } = answer;
    if (lineCheck !== undefined) {
      if (mediaType !== NDJSON_MEDIA_TYPE || !response.body) throw fail('there are no lines');
      return { status, headers, body: checkLines(response.body, lineCheck, fail) };
    }
    const text = await response.text();
    if (answer.check === undefined) return { status, headers, body: undefined };
    const body = mediaType === 'application/json' ? parseJson(text) : undefined;
    if (!answer.check.Check(body)) throw fail('the body does not fit its schema');
    return { status, headers, body };
  };
}

async function* checkLines(
  chunks: AsyncIterable<Uint8Array>,
  check: { readonly Check: (value: unknown) => boolean },
  fail: (what: string) => ContractError,
): AsyncGenerator {
  for await (const text of decodeLines(chunks)) {
    const value = parseJson(text);
    if (!check.Check(value)) throw fail('a line does not fit its schema');
    yield value;
  }
}

function pick({ headers }: FetchedResponse, names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, headers.get(name)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Parses a JSON text. Returns undefined, which fits no schema, if it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The check of the schema that follows reports the difference.
    return undefined;
  }
}
