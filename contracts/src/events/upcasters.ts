import type { EventName } from './events.ts';

type Fields = Record<string, unknown>;

/** Lifts the fields of one version of an event to the next version. */
export type Upcaster = {
  readonly clear: (data: Fields) => Fields;
  readonly personal: (personal: Fields) => Fields;
};

/** For each event with several versions its upcasters: entry 0 lifts version 1 to 2. */
const upcasters: Partial<Readonly<Record<EventName, readonly Upcaster[]>>> = {};

/** The upcasters that lift an event from `version` to the current one, in order. */
export function upcastersOf(name: EventName, version: number): readonly Upcaster[] {
  return upcasters[name]?.slice(version - 1) ?? [];
}
