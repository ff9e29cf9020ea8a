import type { EventName } from './schemas.ts';

type Fields = Record<string, unknown>;

/** Converts the fields of one version of an event to the next version. */
export type Upcaster = {
  readonly clear: (data: Fields) => Fields;
  readonly personal: (personal: Fields) => Fields;
};

/** The upcasters of each event with several versions. Entry 0 converts version 1 to 2. */
const upcasters: Partial<Readonly<Record<EventName, readonly Upcaster[]>>> = {};

/** Returns the upcasters that convert an event from `version` to the current one, in order. */
export function upcastersOf(name: EventName, version: number): readonly Upcaster[] {
  return upcasters[name]?.slice(version - 1) ?? [];
}
