import { Fault } from '@zameni/runtime';

/** What is filled in when a mail is rendered. */
const SLOTS = [
  'product',
  'greeting',
  'name',
  'requests',
  'count',
  'requestedAt',
  'expiresAt',
  'maskedAddress',
  'link',
] as const;

/** The name of a place that is filled in. */
export type Slot = (typeof SLOTS)[number];

/** A text with places to be filled in. There is one literal more than there are slots. */
export type Template = { readonly literals: readonly string[]; readonly slots: readonly Slot[] };

/** Tells the name of a slot from other names. */
export function isSlot(name: string): name is Slot {
  return SLOTS.some((slot) => slot === name);
}

/**
 * A slot in a text that is not split yet. Private-use characters enclose it, which no message holds
 * and no layout changes.
 */
export function markSlot(slot: Slot): string {
  return `\uE000${slot}\uE001`;
}

/** The names that a message has in braces. */
export function namesIn(message: string): readonly string[] {
  return [...message.matchAll(/\{(\w*)\}/g)].map(([, name = '']) => name);
}

/** Turns the names in braces of a message into slots. Other names stay as they are. */
export function markSlots(message: string): string {
  return message.replaceAll(/\{(\w*)\}/g, (whole, name: string) =>
    isSlot(name) ? markSlot(name) : whole,
  );
}

/** Splits a text at its slots, once: what is filled in is never looked at for slots. */
export function toTemplate(marked: string): Template {
  const parts = marked.split(/\uE000(\w+)\uE001/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const slots = parts.filter((_, index) => index % 2 === 1).filter(isSlot);
  if (literals.length !== slots.length + 1) throw new Fault('a slot has an unknown name');
  return { literals, slots };
}

/** Fills the slots of a template, after each value was encoded for its place. */
export function fill(
  { literals, slots }: Template,
  values: Readonly<Record<Slot, string>>,
  encode: (value: string) => string = (value) => value,
): string {
  let text = literals[0] ?? '';
  for (const [index, slot] of slots.entries()) {
    text += encode(values[slot]) + (literals[index + 1] ?? '');
  }
  return text;
}
