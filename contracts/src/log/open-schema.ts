import type { TSchema } from 'typebox';

/**
 * Returns a schema that accepts fields which it does not name, in every object. Records are written
 * by it closed and read by it open, because a later version may have added fields.
 */
export function openSchema<Schema extends TSchema>(schema: Schema): Schema {
  // Only the keyword differs, so the type is the same.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return open(schema) as Schema;
}

function open(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(open);
  if (typeof node !== 'object' || node === null) return node;
  const isFields = Object.hasOwn(node, 'properties') && !Object.hasOwn(node, 'patternProperties');
  const copy = Object.create(Object.getPrototypeOf(node), Object.getOwnPropertyDescriptors(node));
  for (const key of Object.keys(node)) copy[key] = open(Reflect.get(node, key));
  if (isFields) delete copy.additionalProperties;
  return copy;
}
