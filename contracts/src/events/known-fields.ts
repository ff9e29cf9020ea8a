import type { TSchema } from 'typebox';

/**
 * Copies a value without the fields of objects that a schema does not name. A later version adds such
 * fields, and this version goes on without them. Entries of records, such as those of a profile, and
 * everything else stay as they are, so that the schema still refuses what it does not know.
 */
export function pickKnownFields(schema: TSchema, value: unknown): unknown {
  const properties: unknown = Reflect.get(schema, 'properties');
  if (!isObject(properties) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      Object.hasOwn(value, name) && isObject(property)
        ? [[name, pickKnownFields(property, value[name])] as const]
        : [],
    ),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
