import { delay } from '@zameni/runtime/retry';
import { type Static, Type } from 'typebox';
import { tendKeyRing } from '../../../deploy/local/secrets/attempt-keys.ts';

/** Output of `zameni keys tend --json`: ids, never keys. */
export const TendReport = Type.Object(
  {
    ring: Type.Literal('attempt'),
    made: Type.Array(Type.String()),
    destroyed: Type.Array(Type.String()),
    keys: Type.Array(Type.String(), { description: 'Every key of the ring, oldest first' }),
  },
  { additionalProperties: false, title: 'KeyTending' },
);
export type TendReport = Static<typeof TendReport>;

/** The file of the ring, and the lifetime of attempts. */
export type Tending = { readonly path: string; readonly lifetimeSeconds: number };

/** Callbacks and timing of a keeper. */
export type Watch = {
  readonly signal: AbortSignal;
  /** Called after each run that changed the ring. */
  readonly onChange: (report: TendReport) => void;
  /** Called for the first failure after a success. */
  readonly onFault: (error: unknown) => void;
  readonly now?: () => Date;
  readonly pauseMs?: number;
};

/** Milliseconds between two runs. A key is made seven days ahead, so this is often enough. */
const PAUSE_MS = 5 * 60 * 1_000;

/** Makes missing keys and destroys expired ones, once. */
export async function tendOnce({ path, lifetimeSeconds }: Tending, now: Date): Promise<TendReport> {
  const { made, destroyed, keys } = await tendKeyRing(path, { now, lifetimeSeconds });
  return { ring: 'attempt', made: [...made], destroyed: [...destroyed], keys: [...keys] };
}

/**
 * Tends the ring repeatedly until the signal aborts, starting after the first pause. It continues
 * after a failure, because the ring has keys for days, and nothing may restart a keeper that ends.
 */
export async function keepTending(tending: Tending, watch: Watch): Promise<void> {
  const { signal, onChange, onFault, now = () => new Date(), pauseMs = PAUSE_MS } = watch;
  let isFailing = false;
  for (;;) {
    await delay(pauseMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const report = await tendOnce(tending, now());
      isFailing = false;
      if (hasChanged(report)) onChange(report);
    } catch (error) {
      if (!isFailing) onFault(error);
      isFailing = true;
    }
  }
}

/** Whether a run made or destroyed a key. */
export function hasChanged({ made, destroyed }: TendReport): boolean {
  return made.length + destroyed.length > 0;
}

/** Formats the report as text. */
export function toTendText({ made, destroyed, keys }: TendReport): string {
  const last = keys.at(-1) ?? 'an unknown day';
  const lines = [
    ...(made.length > 0 ? [`Made: ${made.join(', ')}.`] : []),
    ...(destroyed.length > 0 ? [`Destroyed: ${destroyed.join(', ')}.`] : []),
    `There are attempt keys until ${last}.`,
  ];
  return `${lines.join('\n')}\n`;
}
