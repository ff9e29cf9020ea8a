import { NDJSON_MEDIA_TYPE } from '@zameni/contracts';
import fc, { type Arbitrary } from 'fast-check';
import { changedBodies } from './bodies.ts';
import type { FuzzCase, Target } from './case.ts';
import type { ContractOperation, JsonSchema } from './contract.ts';
import { expectedForSize, expectedOfRegistration, orRefused } from './expected.ts';
import { headerChanges, withHeader } from './headers.ts';
import { bodiesOf, type Body, valuesOf } from './values.ts';

/** Targets, ids and tokens from the running system. */
export type Known = {
  /** The targets of each operation: the gateway and the processes of its service. */
  readonly targetsOf: (operation: ContractOperation) => readonly Target[];
  /** Ids for an operation: of people who exist, or of people it may erase. */
  readonly idsOf: (operation: ContractOperation) => readonly string[];
  /** Tokens of links that prove mailboxes. */
  readonly links: readonly string[];
  /** A position that covers the people. */
  readonly position: string;
  /** Values of `Authorization` with which a registration is vouched for. */
  readonly vouching: ReadonlySet<string>;
  /**
   * Values of `Authorization`: with the operation's scopes, with none, of one of the people, no
   * value.
   */
  readonly authorizationsOf: (operation: ContractOperation) => readonly (string | undefined)[];
};

/** Requests that fit every rule of an operation. */
export function validRequests(operation: ContractOperation, known: Known): Arbitrary<FuzzCase> {
  const { headerParameters, pathParameters, queryParameters, body, lines } = operation;
  const optional = (name: string, values: Arbitrary<string>) =>
    fc.option(values, { nil: undefined, freq: 2 }).map((value) => [name, value] as const);
  const headers = Object.entries(headerParameters)
    .filter(([name]) => name.toLowerCase() !== 'authorization')
    .map(([name, schema]) => {
      if (name === 'Min-Position') return optional(name, fc.constant(known.position));
      if (name === 'Prefer')
        return optional(name, fc.constantFrom('wait=1', 'wait=2; x', 'a, wait="3"'));
      if (name === 'If-None-Match')
        return optional(name, fc.constantFrom('*', '"x"', 'W/"y", "accounts.1-1"'));
      if (name === 'If-Match')
        return optional(name, fc.constantFrom('*', '"x", "accounts.1-1"', '"accounts.1-9"'));
      return optional(name, valuesOf(schema).map(String));
    });
  const parameters = Object.entries(pathParameters).map(([name, schema]) =>
    name === 'id'
      ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known.idsOf(operation)) }, fc.uuid())
      : fc.oneof(fc.constantFrom('swagger-ui.css', 'x'), valuesOf(schema).map(toSegment)),
  );
  const query = Object.entries(queryParameters).map(([name, schema]) =>
    optional(name, valuesOf(schema, name).map(String)),
  );
  // A registration needs nothing that a drawn request may lack.
  const isOpen = operation.id === 'registerPerson';
  return fc
    .record({
      target: fc.constantFrom(...known.targetsOf(operation)),
      authorization: fc.constantFrom(...known.authorizationsOf(operation)),
      headers: fc.tuple(...headers),
      person:
        lines !== undefined
          ? fc.array(bodiesOf(lines), { maxLength: 4 })
          : body === undefined
            ? fc.constant(undefined)
            : knownBodies(bodiesOf(body), known.links),
      parameters: fc.tuple(...parameters),
      query: fc.tuple(...query),
    })
    .map(({ target, authorization, headers, person, parameters, query }): FuzzCase => {
      const sent: (readonly [string, string | undefined])[] = [
        ['Host', '127.0.0.1'],
        ['Authorization', authorization],
        ...headers,
        ['Content-Type', typeOf(person)],
      ];
      const headersSent = sent.flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      const request = {
        target,
        how: operation.id,
        kind: 'valid',
        method: operation.method,
        path: operation.path.replace(/\{\w+\}/, parameters[0] ?? '') + toQuery(query),
        headers: headersSent,
        body: person === undefined ? undefined : toBody(person),
        person,
      } as const;
      const isVouched = known.vouching.has(authorization ?? '');
      // Imports have limits of their own.
      const tooLarge =
        operation.lines === undefined
          ? expectedForSize(operation.id, request, isVouched)
          : undefined;
      if (tooLarge !== undefined) return orRefused(operation, { ...request, ...tooLarge });
      if (!isOpen) return request;
      const expected = expectedOfRegistration({
        caller: authorization === undefined ? 'anonymous' : isVouched ? 'vouching' : 'known',
        hasKey: headersSent.some(([name]) => name === 'Idempotency-Key'),
        saysVerified: 'emailVerified' in Object(person),
      });
      return { ...request, ...expected };
    });
}

function typeOf(person: Body | readonly Body[] | undefined): string | undefined {
  if (person === undefined) return undefined;
  return Array.isArray(person) ? NDJSON_MEDIA_TYPE : 'application/json';
}

function toBody(person: Body | readonly Body[]): Buffer {
  const texts = Array.isArray(person) ? person : [person];
  return Buffer.from(texts.map((each) => JSON.stringify(each)).join('\n'));
}

/** Arbitrary lines. A fault in one does not affect the others. */
function changedLines(schema: JsonSchema): Arbitrary<Pick<FuzzCase, 'how' | 'body' | 'person'>> {
  const line = fc.oneof(
    bodiesOf(schema).map((person) => ({ body: toBody(person), person })),
    changedBodies(schema).map(({ body, person }) => ({ body, person })),
  );
  return fc.array(line, { maxLength: 4 }).map((all) => ({
    how: 'changed lines',
    body: Buffer.concat(all.flatMap(({ body }) => [body, Buffer.from('\n')])),
    person: all.map(({ person }) => person),
  }));
}

/** The same bodies. Some have a token that proves something. */
function knownBodies(bodies: Arbitrary<Body>, links: readonly string[]): Arbitrary<Body> {
  const link = fc.option(fc.constantFrom(...links), { nil: undefined });
  return fc
    .tuple(bodies, link)
    .map(([body, token]) => ('token' in body && token !== undefined ? { ...body, token } : body));
}

/** The query of a path; nothing if no parameter has a value. */
function toQuery(query: readonly (readonly [string, string | undefined])[]): string {
  const given = query.flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** A text as one segment of a path. A path that ends before it would mean another route. */
function toSegment(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed()) || 'x';
}

/** Requests with one thing wrong or unusual. */
export function nearValidRequests(operation: ContractOperation, known: Known): Arbitrary<FuzzCase> {
  const valid = validRequests(operation, known).map(
    ({ expect: _expect, code: _code, ...request }): FuzzCase => ({
      ...request,
      kind: 'near-valid',
    }),
  );
  const changes = [
    fc
      .tuple(valid, headerChanges(operation))
      .map(([request, change]) => withHeader(request, change)),
    fc.tuple(valid, otherMethods).map(([request, method]) => ({ ...request, how: method, method })),
    fc.tuple(valid, pathChanges).map(([request, { how, change }]) => ({
      ...request,
      how,
      path: change(request.path),
    })),
  ];
  const { body, lines } = operation;
  const changed =
    lines !== undefined ? changedLines(lines) : body !== undefined && changedBodies(body);
  if (changed === false) {
    return fc.oneof(...changes).map((request) => orRefused(operation, request));
  }
  const bodies = fc.tuple(valid, changed).map(([request, changed]): FuzzCase => {
    const whole = { ...request, ...changed };
    return operation.lines === undefined
      ? { ...whole, ...expectedForSize(operation.id, whole, true) }
      : whole;
  });
  return fc
    .oneof(
      { weight: 6, arbitrary: bodies },
      ...changes.map((arbitrary) => ({ weight: 1, arbitrary })),
    )
    .map((request) => orRefused(operation, request));
}

const otherMethods = fc.oneof(
  fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'),
  fc.constantFrom('post', 'FOO', 'M-SEARCH', 'LINK', 'PURGE', 'A'.repeat(50)),
);

const pathChanges = fc.constantFrom(
  { how: 'upper case', change: (path: string) => path.toUpperCase() },
  { how: 'a trailing slash', change: (path: string) => `${path}/` },
  { how: 'two slashes', change: (path: string) => path.replaceAll('/', '//') },
  { how: 'dot segments', change: (path: string) => `/v1/x/..${path.slice(3)}` },
  {
    how: 'encoded slashes',
    change: (path: string) => `/v1/${encodeURIComponent(path.slice(4))}`,
  },
  { how: 'an encoded letter', change: (path: string) => path.replace('r', '%72') },
  { how: 'a query', change: (path: string) => `${path}?email=vera%40example.org&__proto__[x]=1` },
  { how: 'a bad query', change: (path: string) => `${path}?%ff&=&%` },
  { how: 'a fragment', change: (path: string) => `${path}#x` },
  { how: 'a parameter', change: (path: string) => `${path};v=1` },
  { how: 'a bad escape', change: (path: string) => `${path}%` },
  { how: 'an escape that is not UTF-8', change: (path: string) => `${path}%ff` },
  { how: 'an encoded NUL', change: (path: string) => `${path}%00` },
  { how: 'raw UTF-8', change: (path: string) => `${path}/\xd1\x8f` },
  { how: 'a long segment', change: (path: string) => `${path}${'a'.repeat(200)}` },
  { how: 'a very long path', change: (path: string) => `${path}/${'a'.repeat(9_000)}` },
  { how: 'no id', change: (path: string) => path.replace(/[^/]*$/, '') },
  { how: 'another id', change: (path: string) => path.replace(/[^/]*$/, '..%2fusers') },
  { how: 'another version', change: (path: string) => path.replace('/v1', '/v2') },
);
