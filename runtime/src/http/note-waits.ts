import type { FastifyRequest } from 'fastify';

/** Notes the begin of a wait. What it returns notes the end. */
export type NoteWait = () => () => void;

type Waits = { overMs: number; sinceMs: number | undefined };

const noted = new WeakMap<FastifyRequest, Waits>();

/**
 * Notes how long a request waits for what its caller asked it to wait for (`Prefer: wait`), one wait
 * after the other. Such time is no slowness of ours, so promises leave it out.
 */
export function noteWaits(request: FastifyRequest): NoteWait {
  return () => {
    const waits = noted.get(request) ?? { overMs: 0, sinceMs: undefined };
    const sinceMs = performance.now();
    waits.sinceMs = sinceMs;
    noted.set(request, waits);
    return () => {
      waits.overMs += performance.now() - sinceMs;
      waits.sinceMs = undefined;
    };
  };
}

/** The milliseconds of all waits of a request, also of one that goes on: its client may leave. */
export function waitedMsOf(request: FastifyRequest): number {
  const waits = noted.get(request);
  if (waits === undefined) return 0;
  const { overMs, sinceMs } = waits;
  return overMs + (sinceMs === undefined ? 0 : performance.now() - sinceMs);
}
