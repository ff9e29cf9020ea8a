import { type Field, METHODS, type Operation } from '@zameni/contracts';
import { type TObject, type TOptional, type TSchema, type TString, Type } from 'typebox';

/** The schema of an operation as Fastify takes it. */
type RouteSchema<O extends Operation> = {
  readonly params: TObject<{ [Name in keyof O['params']]: TString }>;
  readonly response: {
    [Status in keyof O['answers'] as O['answers'][Status] extends { body: TSchema }
      ? Status
      : never]: O['answers'][Status] extends { body: infer Body } ? Body : never;
  };
} & (O extends { body: infer Body extends TSchema } ? { readonly body: Body } : unknown) &
  (O extends { query: infer Query extends Record<string, Field> }
    ? {
        readonly querystring: TObject<{
          [Name in keyof Query]: TOptional<Query[Name]['schema']>;
        }>;
      }
    : unknown);

/** The route of an operation for Fastify, with its schemas; the handler is added to it. */
export function toRoute<O extends Operation>(
  operation: O,
): { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; url: string; schema: RouteSchema<O> } {
  // Any text is let in as a parameter, because an id of another form is answered 404, not 422.
  const params = Object.keys(operation.params).map((name) => [name, Type.String()] as const);
  const bodies = Object.entries(operation.answers).flatMap(([status, { body }]) =>
    body === undefined ? [] : [[status, body] as const],
  );
  const schema = {
    params: Type.Object(Object.fromEntries(params)),
    response: Object.fromEntries(bodies),
    ...(operation.body === undefined ? {} : { body: operation.body }),
    ...(operation.query === undefined ? {} : { querystring: toQuerystring(operation.query) }),
  };
  return {
    method: METHODS[operation.method],
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    // The entries of the operation, name by name: the mapped type says the same.
    schema: schema as unknown as RouteSchema<O>,
  };
}

/** Other names are let in: links collect them on their way. */
function toQuerystring(query: Readonly<Record<string, Field>>): TObject {
  const fields = Object.entries(query).map(
    ([name, { schema, required }]) => [name, required ? schema : Type.Optional(schema)] as const,
  );
  return Type.Object(Object.fromEntries(fields));
}
