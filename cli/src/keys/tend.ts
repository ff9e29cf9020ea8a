import { delay } from '@zameni/runtime';
import { type Static, Type } from 'typebox';
import { tendKeyRing } from '../../../deploy/local/secrets/attempt-keys.ts';

/** What `zameni keys tend --json` prints: ids, never keys. */
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

/** Which ring is kept, and for how long its keys are needed. */
export type Tending = { readonly path: string; readonly lifetimeSeconds: number };

/** What keeping a ring tells, and by which time it works. */
export type Watch = {
  readonly signal: AbortSignal;
  /** Told of a look that changed the ring. */
  readonly onChange: (report: TendReport) => void;
  /** Told of a look that failed, once until another succeeds. */
  readonly onFault: (error: unknown) => void;
  readonly now?: () => Date;
  readonly pauseMs?: number;
};

/** Milliseconds between two looks: a day's key is there seven days before, so that is often enough. */
const PAUSE_MS = 5 * 60 * 1_000;

/** Looks at the ring once, and makes and destroys what is to be. */
export async function tendOnce({ path, lifetimeSeconds }: Tending, now: Date): Promise<TendReport> {
  const { made, destroyed, keys } = await tendKeyRing(path, { now, lifetimeSeconds });
  return { ring: 'attempt', made: [...made], destroyed: [...destroyed], keys: [...keys] };
}

/**
 * Looks at the ring again and again until the signal aborts; it was looked at once before. A look that
 * fails is followed by others: who ended here would not come back, and there are keys for days.
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

/** Whether a look made or destroyed anything. */
export function hasChanged({ made, destroyed }: TendReport): boolean {
  return made.length + destroyed.length > 0;
}

/** The report for a person. */
export function toTendText({ made, destroyed, keys }: TendReport): string {
  const last = keys.at(-1) ?? 'nobody knows when';
  const lines = [
    ...(made.length > 0 ? [`Made: ${made.join(', ')}.`] : []),
    ...(destroyed.length > 0 ? [`Destroyed: ${destroyed.join(', ')}.`] : []),
    `There are attempt keys until ${last}.`,
  ];
  return `${lines.join('\n')}\n`;
}
