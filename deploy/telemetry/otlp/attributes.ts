import type { SpanAttribute, SpanAttributes } from './span.ts';
import type { WireAttributes, WireValue } from './wire.ts';

type Scalar = string | number | boolean;

/** Reads attributes. Maps inside of values are left out: no convention has them. */
export function fromWireAttributes(attributes: WireAttributes): SpanAttributes {
  const entries = attributes.flatMap(({ key, value }) => {
    const read = value === null ? undefined : fromWireValue(value);
    return read === undefined ? [] : [[key, read] as const];
  });
  return Object.fromEntries(entries);
}

function fromWireValue({ arrayValue, ...scalar }: WireValue): SpanAttribute | undefined {
  if (arrayValue === undefined) return fromScalar(scalar);
  return arrayValue.values.flatMap((one) => fromScalar(one) ?? []);
}

function fromScalar(value: WireValue): Scalar | undefined {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value;
  if (intValue !== undefined) {
    const number = Number(intValue);
    return Number.isSafeInteger(number) ? number : intValue;
  }
  return stringValue ?? boolValue ?? doubleValue ?? bytesValue;
}

/** Writes attributes. */
export function toWireAttributes(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toWireValue(value) }));
}

function toWireValue(value: SpanAttribute): object {
  return typeof value === 'object'
    ? { arrayValue: { values: value.map(toWireScalar) } }
    : toWireScalar(value);
}

function toWireScalar(value: Scalar): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value };
}
