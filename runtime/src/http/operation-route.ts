import { type Field, METHODS, type Operation } from '@zameni/contracts';
import { type TObject, type TOptional, type TSchema, type TString, Type } from 'typebox';

/** The schemas of an operation in the form that Fastify takes. */
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
          [Name in keyof Query]: Query[Name] extends { readonly required: true }
            ? Query[Name]['schema']
            : TOptional<Query[Name]['schema']>;
        }>;
      }
    : unknown);

/** The Fastify route of an operation: method, URL and schemas, without a handler. */
export function toRoute<O extends Operation>(
  operation: O,
): { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; url: string; schema: RouteSchema<O> } {
  // Parameters accept any text, because an id of another form is 404, not 422.
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
    // The mapped type RouteSchema describes these entries name by name.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    schema: schema as unknown as RouteSchema<O>,
  };
}

/** Accepts unknown names too: mailers and browsers add parameters to links. */
function toQuerystring(query: Readonly<Record<string, Field>>): TObject {
  const fields = Object.entries(query).map(
    ([name, { schema, required }]) => [name, required ? schema : Type.Optional(schema)] as const,
  );
  return Type.Object(Object.fromEntries(fields));
}
