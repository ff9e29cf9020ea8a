/** A JSON value. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** An object of a JSON document. */
export type JsonObject = { readonly [name: string]: Json };

/** The named schemas of a document, collected while the document is built. */
export type SchemaComponents = {
  /** Returns a reference to a schema if it has a title, else the schema itself. */
  readonly refer: (schema: object) => JsonObject;
  /** Returns every referenced schema, by title. */
  readonly all: () => JsonObject;
};

/** Keywords whose values are data, not schemas. */
const DATA_KEYWORDS = new Set(['const', 'default', 'enum', 'examples', 'required']);

/** Collects schemas under `#/components/schemas/`. Throws if two schemas share a title. */
export function createSchemaComponents(): SchemaComponents {
  const schemas = new Map<string, JsonObject>();

  function refer(schema: object): JsonObject {
    const title: unknown = Reflect.get(schema, 'title');
    if (typeof title !== 'string') return convert(schema);
    const converted = convert(schema);
    const known = schemas.get(title);
    if (known === undefined) schemas.set(title, converted);
    else if (JSON.stringify(known) !== JSON.stringify(converted)) {
      throw new Error(`two schemas have the title ${title}`);
    }
    return { $ref: `#/components/schemas/${title}` };
  }

  function convert(schema: object): JsonObject {
    return Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [
        keyword,
        // The data of a schema is plain JSON.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        DATA_KEYWORDS.has(keyword) ? (value as Json) : convertValue(value),
      ]),
    );
  }

  function convertValue(value: unknown): Json {
    if (Array.isArray(value)) return value.map(convertValue);
    if (typeof value === 'object' && value !== null) return refer(value);
    // Schemas hold only JSON.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return value as Json;
  }

  return {
    refer,
    all: () =>
      Object.fromEntries([...schemas].toSorted(([one], [other]) => (one < other ? -1 : 1))),
  };
}
