import type { Static, TSchema } from 'typebox';
import type { ErrorCode } from '../error-codes.ts';
import type { OPERATIONS, OperationId } from '../operations/table.ts';
import type { PROBLEM_STATUS, Problem } from '../problem.ts';
import type { LinesToSend } from './lines.ts';

type Operations = typeof OPERATIONS;
type Values<T> = T[keyof T];
type IfAny<Keys, Then> = [Keys] extends [never] ? unknown : Then;
type BodyOf<Part> = Part extends { readonly body: infer Body extends TSchema }
  ? Static<Body>
  : Part extends { readonly lines: infer Line extends TSchema }
    ? AsyncIterable<Static<Line>>
    : undefined;

type RequiredNames<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends { readonly required: true } ? Name : never;
}[keyof Fields];

/** The headers of an answer as text. Those that are not always present are optional. */
type HeadersOf<Fields> = { readonly [Name in RequiredNames<Fields>]: string } & {
  readonly [Name in Exclude<keyof Fields, RequiredNames<Fields>>]?: string;
};

type SuccessOf<Answers> = {
  [Status in keyof Answers]: {
    readonly status: Status;
    readonly headers: Answers[Status] extends { readonly headers: infer Fields }
      ? HeadersOf<Fields>
      : never;
    readonly body: BodyOf<Answers[Status]>;
  };
};

type ProblemAnswer<Code extends ErrorCode> = Code extends ErrorCode
  ? {
      readonly status: (typeof PROBLEM_STATUS)[Code];
      readonly code: Code;
      readonly body: Problem;
      readonly headers: { readonly 'Retry-After'?: string; readonly Position?: string };
    }
  : never;

/** Every answer of an operation, discriminated by `status`; problems also by `code`. */
export type AnswerOf<Id extends OperationId> =
  | Values<SuccessOf<Operations[Id]['answers']>>
  | ProblemAnswer<Operations[Id]['problems'][number]>;

/** An optional part of a request; it may be left out if none of its fields is required. */
type PartOf<Key extends string, Fields> = [RequiredNames<Fields>] extends [never]
  ? { readonly [K in Key]?: { readonly [Name in keyof Fields]?: string | undefined } }
  : {
      readonly [K in Key]: { readonly [Name in RequiredNames<Fields>]: string } & {
        readonly [Name in keyof Fields]?: string | undefined;
      };
    };

/** The request of an operation: parameters of path and query, headers and body. */
type RequestOf<Id extends OperationId> = IfAny<
  keyof Operations[Id]['params'],
  { readonly params: { readonly [Name in keyof Operations[Id]['params']]: string } }
> &
  (Operations[Id] extends { readonly body: infer Body extends TSchema }
    ? { readonly body: Static<Body> }
    : Operations[Id] extends { readonly lines: infer Line extends TSchema }
      ? { readonly body: LinesToSend<Static<Line>> }
      : unknown) &
  (Operations[Id] extends { readonly query: infer Query } ? PartOf<'query', Query> : unknown) &
  PartOf<'headers', Operations[Id]['headers']>;

/** Settings of one call that override the client's own. */
export type CallOptions = {
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
};

/** A method for each operation. */
export type Client = {
  readonly [Id in OperationId]: (
    request: RequestOf<Id>,
    options?: CallOptions,
  ) => Promise<AnswerOf<Id>>;
};

/** A request of any operation, for the code that sends it. */
export type AnyRequest = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
};

/** The answer of any operation, checked against it. */
export type AnyAnswer = {
  readonly status: number;
  readonly code?: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};
