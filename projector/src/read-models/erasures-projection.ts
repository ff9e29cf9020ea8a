import type { UserId } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** That a person was erased: since when, and by which caller's token. */
export type ErasureRow = {
  readonly userId: UserId;
  readonly position: number;
  readonly requestedAt: string;
  /** The `sub` that may read the progress; null when no caller asked for it. */
  readonly requestedBy: string | null;
};

/** The erasure an event is; undefined when it is none. */
export function toErasureRow({
  event,
  metadata,
  position,
}: ProjectedEvent): ErasureRow | undefined {
  if (event.name !== 'erased') return undefined;
  const { userId, time: requestedAt, actor } = metadata;
  const requestedBy = actor.type === 'caller' ? actor.id : null;
  return { userId, position, requestedAt, requestedBy };
}
