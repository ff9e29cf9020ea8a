import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { CLAIM_PHASE_NAMES } from '../keys/claim-phases.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PepperRing } from '../keys/pepper-ring.ts';
import type { KeyRingSource } from '../keys/ring-source.ts';

/** The key rings of a process, by purpose. */
export type KeyRings = Readonly<
  Record<string, Pick<KeyRingSource<KeyRing & Partial<PepperRing>>, 'current'>>
>;

/**
 * Answer of `/key-rings`: ids only. A rotation checks by them that each process has read a ring.
 */
export const KeyRingsView = Type.Record(
  Type.String(),
  Type.Object({
    current: Type.String(),
    keys: Type.Array(Type.String()),
    phase: Type.Optional(Type.Enum(CLAIM_PHASE_NAMES)),
  }),
  { title: 'KeyRings' },
);
export type KeyRingsView = Static<typeof KeyRingsView>;

/** Adds `/key-rings`. The gateway does not pass it on, like `/readyz`. */
export function addKeyRingRoute(app: FastifyInstance, rings: KeyRings): void {
  app.get('/key-rings', { schema: { response: { 200: KeyRingsView } } }, async () =>
    Object.fromEntries(
      Object.entries(rings).map(([name, source]): [string, KeyRingsView[string]] => {
        const { current, keys, phase } = source.current();
        return [
          name,
          { current, keys: [...keys.keys()], ...(phase === undefined ? {} : { phase }) },
        ];
      }),
    ),
  );
}
