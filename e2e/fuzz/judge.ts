import { type FuzzCase, toBytes } from './case.ts';
import { type ContractOperation, findOperation, problemFaults } from './contract.ts';
import type { Answer, Exchange } from './wire.ts';

/** Returns every fault: each difference between the answer and the contract. */
export function judge(
  contract: readonly ContractOperation[],
  request: FuzzCase,
  { answers, fault }: Exchange,
): string[] {
  const faults = fault === undefined ? [] : [fault];
  for (const answer of answers) {
    if (answer.status >= 500 && !isTurnedAway(contract, request, answer))
      faults.push(`status ${answer.status}: ${answer.body.toString()}`);
    if (answer.status === 408 && request.kind !== 'raw') faults.push('all of it was sent in time');
    faults.push(...echoes(request, answer));
    if (isBuiltIn(request, answer)) continue;
    faults.push(
      ...(request.kind === 'raw'
        ? rawFaults(contract, answer)
        : faultsOf(contract, request, answer)),
    );
  }
  return faults;
}

/** The number of concurrent uploads is limited, and these requests do not wait for each other. */
function isTurnedAway(
  contract: readonly ContractOperation[],
  { method, path }: FuzzCase,
  answer: Answer,
): boolean {
  const operation = findOperation(contract, method, decodePath(path));
  return operation?.lines !== undefined && readCode(answer) === 'overloaded';
}

/**
 * The answer of HAProxy before 3.2 to a head that is not HTTP. Its configuration does not apply yet
 * (https://github.com/haproxy/haproxy/issues/3032).
 */
const BUILT_IN_PAGES: Readonly<Record<number, string>> = {
  400: '<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n',
  408: "<html><body><h1>408 Request Time-out</h1>\nYour browser didn't send a complete request in time.\n</body></html>\n",
};

function isBuiltIn({ target, expect = [400] }: FuzzCase, { status, body }: Answer): boolean {
  return (
    target.name === 'gateway' &&
    expect.includes(status) &&
    BUILT_IN_PAGES[status] === body.toString('utf8')
  );
}

function faultsOf(
  contract: readonly ContractOperation[],
  request: FuzzCase,
  answer: Answer,
): string[] {
  const isHead = request.method === 'HEAD';
  const operation = findOperation(contract, request.method, request.path);
  const faults =
    operation?.faultsOf(answer, isHead) ?? outsideFaults(contract, request, answer, isHead);
  const { expect, code } = request;
  const problem = readCode(answer);
  if (expect !== undefined && !expect.includes(answer.status)) {
    faults.push(`status ${answer.status} ${problem} instead of ${expect.join(' or ')}`);
  } else if (code !== undefined && expect?.[0] === answer.status && problem !== code) {
    faults.push(`code ${problem} instead of ${code}`);
  }
  if (answer.status < 300 && operation !== undefined && request.body !== undefined) {
    if (!operation.takes(readBody(request.body))) faults.push('takes a body against its schema');
  }
  return faults;
}

/** A request without an operation is refused, unless its path is another spelling of one. */
function outsideFaults(
  contract: readonly ContractOperation[],
  { method, path }: FuzzCase,
  answer: Answer,
  isHead: boolean,
): string[] {
  const meant = findOperation(contract, method, decodePath(path));
  if (meant?.faultsOf(answer, isHead).length === 0) return [];
  if (method === 'OPTIONS' && isAllowList(answer)) return [];
  if (answer.status < 400) return [`status ${answer.status} for a request outside the document`];
  return problemFaults(answer, isHead);
}

/** The answer to OPTIONS on any path of the document. */
function isAllowList({ status, headers, body }: Answer): boolean {
  return (
    status === 204 && body.length === 0 && headers.some(([name]) => name.toLowerCase() === 'allow')
  );
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path.split('#')[0] ?? '');
  } catch {
    // A path that cannot be decoded has no other spelling.
    return path;
  }
}

/**
 * The meaning of arbitrary bytes is unknown: they get an error, or the answer of some operation.
 */
function rawFaults(contract: readonly ContractOperation[], answer: Answer): string[] {
  if (answer.status >= 400) return problemFaults(answer, false);
  if (isAllowList(answer)) return [];
  const all = contract.map((operation) => operation.faultsOf(answer, false));
  return all.some((faults) => faults.length === 0) ? [] : (all[0] ?? []);
}

/** Shorter texts occur by chance. Drawn texts sometimes equal parts of an error's description. */
const MIN_ECHO_LENGTH = 9;
const OWN_WORDS = 'The names __proto__ and constructor.prototype';

/** Texts of the request's person that an error repeats. */
function echoes(request: FuzzCase, { status, headers, body }: Answer): string[] {
  if (status < 400) return [];
  const all = `${headers.map((header) => header.join(': ')).join('\n')}\n${body.toString('utf8')}`;
  const said = all.replace(OWN_WORDS, '');
  const sent = toBytes(request).toString('utf8');
  return textsOf(request.person)
    .filter((text) => text.length >= MIN_ECHO_LENGTH && sent.includes(text) && said.includes(text))
    .map((text) => `the error repeats ${JSON.stringify(text)}`);
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value, value.trim()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

function readCode({ status, body }: Answer): string {
  const problem = status < 400 ? undefined : readBody(body);
  return String(Reflect.get(Object(problem), 'code') ?? '');
}

function readBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Text that is not JSON fits no schema.
    return undefined;
  }
}
