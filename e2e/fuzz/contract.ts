import {
  ERROR_CODES,
  NDJSON_MEDIA_TYPE,
  PROBLEM_STATUS,
  PROBLEM_TYPE_BASE,
  type Problem,
} from '@zameni/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Answer, headerOf } from './wire.ts';

/** A schema of the document with its references resolved. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An operation of the served document. */
export type ContractOperation = {
  readonly id: string;
  readonly method: string;
  /** The path with `{id}` in it. */
  readonly path: string;
  /** Schemas of the parameters in its path, query and headers. */
  readonly pathParameters: Readonly<Record<string, JsonSchema>>;
  readonly queryParameters: Readonly<Record<string, JsonSchema>>;
  readonly headerParameters: Readonly<Record<string, JsonSchema>>;
  readonly body: JsonSchema | undefined;
  /** For an operation that takes NDJSON instead: the schema of a line. */
  readonly lines: JsonSchema | undefined;
  /** The documented statuses. */
  readonly statuses: ReadonlySet<number>;
  /** Whether the body fits its schema. True for an operation without a body. */
  readonly takes: (body: unknown) => boolean;
  /** The differences between an answer and the document. */
  readonly faultsOf: (answer: Answer, isHead: boolean) => string[];
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * Headers that any answer may have, documented or not: of the connection, the message, browsers.
 */
const GENERAL_HEADERS = [
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'x-content-type-options',
];

/** Reads the operations of an OpenAPI document. */
export function readContract(document: unknown): ContractOperation[] {
  const paths = get(dereference(document, document, 0), 'paths');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  return Object.keys(Object(paths)).flatMap((path) =>
    METHODS.filter((method) => get(paths, path, method) !== undefined).map((method) =>
      readOperation(path, method, get(paths, path, method), ajv),
    ),
  );
}

function readOperation(
  path: string,
  method: string,
  operation: unknown,
  ajv: Ajv2020,
): ContractOperation {
  const parameters: unknown = get(operation, 'parameters');
  const parametersIn = (place: string) =>
    Object.fromEntries(
      (Array.isArray(parameters) ? parameters : [])
        .filter((parameter) => get(parameter, 'in') === place)
        .map((parameter) => [String(get(parameter, 'name')), toSchema(get(parameter, 'schema'))]),
    );
  const body = get(operation, 'requestBody', 'content', 'application/json', 'schema');
  const lines = get(operation, 'requestBody', 'content', NDJSON_MEDIA_TYPE, 'schema');
  const checkBody = body === undefined ? undefined : ajv.compile(toSchema(body));
  const responses = get(operation, 'responses');
  const checks = new Map(
    Object.keys(Object(responses)).map((status) => [
      Number(status),
      createAnswerCheck(get(responses, status), ajv),
    ]),
  );
  return {
    id: String(get(operation, 'operationId')),
    method: method.toUpperCase(),
    path,
    pathParameters: parametersIn('path'),
    queryParameters: parametersIn('query'),
    headerParameters: parametersIn('header'),
    body: body === undefined ? undefined : toSchema(body),
    lines: lines === undefined ? undefined : toSchema(lines),
    statuses: new Set(checks.keys()),
    takes: (value) => checkBody === undefined || checkBody(value),
    faultsOf: (answer, isHead) => {
      const check = checks.get(answer.status);
      if (check === undefined) return [`status ${answer.status} is not documented`];
      return [...check(answer, isHead), ...problemFaults(answer, isHead)];
    },
  };
}

/** The operation of a request line. HEAD means the GET of its path. */
export function findOperation(
  contract: readonly ContractOperation[],
  method: string,
  target: string,
): ContractOperation | undefined {
  const segments = (target.split('?')[0] ?? '').split('/');
  return contract.find((operation) => {
    const wanted = operation.path.split('/');
    return (
      operation.method === (method === 'HEAD' ? 'GET' : method) &&
      wanted.length === segments.length &&
      wanted.every((part, index) => part.startsWith('{') || part === segments[index])
    );
  });
}

/** The differences between an error answer and the problem document of the catalogue. */
export function problemFaults(answer: Answer, isHead: boolean): string[] {
  if (answer.status < 400) return [];
  const type = headerOf(answer, 'content-type') ?? '';
  if (!/^application\/problem\+json(; charset=utf-8)?$/.test(type)) {
    return [`status ${answer.status} has content type ${type}`];
  }
  if (isHead) return [];
  // Each field is checked where it is used.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const problem = parseJson(answer.body.toString('utf8')) as Partial<Problem> | undefined;
  const code = problem?.code;
  if (code === undefined || !Object.hasOwn(ERROR_CODES, code)) return ['no code of the catalogue'];
  const fit = {
    type: problem?.type === `${PROBLEM_TYPE_BASE}${code}`,
    title: problem?.title === ERROR_CODES[code],
    status: problem?.status === answer.status && PROBLEM_STATUS[code] === answer.status,
    traceId: problem?.traceId === undefined || /^[0-9a-f]{32}$/.test(problem.traceId),
  };
  return Object.entries(fit).flatMap(([name, fits]) => (fits ? [] : [`${name} of the problem`]));
}

function createAnswerCheck(response: unknown, ajv: Ajv2020) {
  const headers = Object.keys(Object(get(response, 'headers'))).map((name) => ({
    name: name.toLowerCase(),
    isRequired: get(response, 'headers', name, 'required') === true,
    isNumber: get(response, 'headers', name, 'schema', 'type') === 'integer',
    check: ajv.compile(toSchema(get(response, 'headers', name, 'schema'))),
  }));
  const contents = Object.keys(Object(get(response, 'content'))).map((type) => ({
    type,
    check: ajv.compile(toSchema(get(response, 'content', type, 'schema'))),
  }));
  const known = new Set([...GENERAL_HEADERS, ...headers.map(({ name }) => name)]);
  return (answer: Answer, isHead: boolean): string[] => {
    const faults = answer.headers
      .filter(([name]) => !known.has(name))
      .map(([name]) => `header ${name} of ${answer.status} is not documented`);
    for (const { name, isRequired, isNumber, check } of headers) {
      const value = headerOf(answer, name);
      if (value === undefined ? isRequired : !check(isNumber ? Number(value) : value)) {
        faults.push(`header ${name} of ${answer.status}: ${value ?? 'missing'}`);
      }
    }
    if (isHead || contents.length === 0) {
      if (answer.body.length > 0) faults.push(`status ${answer.status} has a body`);
      return faults;
    }
    const type = headerOf(answer, 'content-type')?.split(';')[0];
    const content = contents.find((each) => each.type === type || each.type === '*/*');
    if (content === undefined) return [...faults, `content type ${type} is not documented`];
    // The schema of NDJSON is that of each line.
    const text = answer.body.toString('utf8');
    const texts = type === NDJSON_MEDIA_TYPE ? text.trimEnd().split('\n') : [text];
    if (texts.every((each) => content.check(parseJson(each)))) return faults;
    const [error] = content.check.errors ?? [];
    return [...faults, `body of ${answer.status}: ${error?.instancePath} ${error?.message}`];
  };
}

/** Follows a path of names. */
function get(from: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), from);
}

/** Deepest document that is followed. A recursive schema would have no end. */
const MAX_DEPTH = 64;

/** A copy in which the target of each `$ref` into the document replaces it. */
function dereference(value: unknown, document: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error('the document is nested too deep');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => dereference(item, document, depth + 1));
  const reference = get(value, '$ref');
  if (typeof reference === 'string') {
    const path = reference.replace('#/', '').split('/');
    const names = path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    return dereference(get(document, ...names), document, depth + 1);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, dereference(item, document, depth + 1)]),
  );
}

function toSchema(value: unknown): JsonSchema {
  // Each field is checked where it is used.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object(value) as JsonSchema;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that is not JSON has no value, so the schema refuses it.
    return undefined;
  }
}
