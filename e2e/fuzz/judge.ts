import { type FuzzCase, toBytes } from './case.ts';
import { type ContractOperation, findOperation, problemFaults } from './contract.ts';
import type { Answer, Exchange } from './wire.ts';

/** Everything in which what came back breaks the contract. */
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

/** Of uploads only so many are taken at once, and these requests do not wait for each other. */
function isTurnedAway(
  contract: readonly ContractOperation[],
  { method, path }: FuzzCase,
  answer: Answer,
): boolean {
  const operation = findOperation(contract, method, decodePath(path));
  return operation?.lines !== undefined && readCode(answer) === 'overloaded';
}

/**
 * What HAProxy before 3.2 answers to a head that is no HTTP, before any of its configuration counts
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
    faults.push(`status ${answer.status} ${problem} where ${expect.join(' or ')} was to come`);
  } else if (code !== undefined && expect?.[0] === answer.status && problem !== code) {
    faults.push(`code ${problem} where ${code} was to come`);
  }
  if (answer.status < 300 && operation !== undefined && request.body !== undefined) {
    if (!operation.takes(readBody(request.body))) faults.push('takes a body against its schema');
  }
  return faults;
}

/** What no operation stands for is refused, unless the path is one only written otherwise. */
function outsideFaults(
  contract: readonly ContractOperation[],
  { method, path }: FuzzCase,
  answer: Answer,
  isHead: boolean,
): string[] {
  const meant = findOperation(contract, method, decodePath(path));
  if (meant?.faultsOf(answer, isHead).length === 0) return [];
  if (answer.status < 400) return [`status ${answer.status} for what is not in the document`];
  return problemFaults(answer, isHead);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path.split('#')[0] ?? '');
  } catch {
    // What cannot be decoded means nothing else.
    return path;
  }
}

/** Of bytes nobody knows what they mean: an error, or what some operation answers. */
function rawFaults(contract: readonly ContractOperation[], answer: Answer): string[] {
  if (answer.status >= 400) return problemFaults(answer, false);
  const all = contract.map((operation) => operation.faultsOf(answer, false));
  return all.some((faults) => faults.length === 0) ? [] : (all[0] ?? []);
}

/** Shorter texts turn up by chance; parts of what a fault is called are drawn now and then. */
const MIN_ECHO_LENGTH = 9;
const OWN_WORDS = 'The names __proto__ and constructor.prototype';

/** Texts of the request's person that an error tells again. */
function echoes(request: FuzzCase, { status, headers, body }: Answer): string[] {
  if (status < 400) return [];
  const all = `${headers.map((header) => header.join(': ')).join('\n')}\n${body.toString('utf8')}`;
  const said = all.replace(OWN_WORDS, '');
  const sent = toBytes(request).toString('utf8');
  return textsOf(request.person)
    .filter((text) => text.length >= MIN_ECHO_LENGTH && sent.includes(text) && said.includes(text))
    .map((text) => `the error tells ${JSON.stringify(text)} again`);
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
    // What is no JSON fits no schema.
    return undefined;
  }
}
