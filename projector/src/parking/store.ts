import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from '../lease/store.ts';
import type { Park } from './changes.ts';

/**
 * A parked subject that an operator wants to be tried again. The time is text, because Postgres is
 * more precise than a Date.
 */
export type RedriveRequest = Pick<Park, 'subject' | 'position' | 'lastPosition'> & {
  readonly redriveRequestedAt: string;
  /** W3C trace context of the operator's request. */
  readonly traceparent: string | null;
};

/** What the active projector reads about parked subjects. Their changes go with each batch. */
export type ParkingStore = {
  /** Reads the parked subjects: from which position on each waits, and why. */
  readonly readParked: () => Promise<ReadonlyMap<string, Pick<Park, 'position' | 'reason'>>>;
  /** Requests a redrive of what a later version wrote, as this version may know it by now. */
  readonly redriveNewer: () => Promise<void>;
  /** Reads the positions of records that operators decided to skip. */
  readonly readDiscarded: () => Promise<ReadonlySet<number>>;
  /** Reads the oldest requests for a redrive, a bounded number. */
  readonly readRedriveRequests: () => Promise<readonly RedriveRequest[]>;
};

/** Subjects that are tried again in one round. */
const REDRIVES_A_ROUND = 10;

/** Reads parked subjects of one version of a projection from Postgres. */
export function createParkingStore(
  pool: Pool,
  { projection, version }: Pick<CheckpointOwner, 'projection' | 'version'>,
): ParkingStore {
  return {
    readParked: async () => {
      const { rows } = await pool.query<Pick<Park, 'subject' | 'reason'> & { position: string }>(
        'select subject, position, reason from zameni.parked where projection = $1 and version = $2',
        [projection, version],
      );
      return new Map(
        rows.map(({ subject, position, reason }) => [
          subject,
          { position: Number(position), reason },
        ]),
      );
    },
    redriveNewer: async () => {
      await pool.query(
        `update zameni.parked set redrive_requested_at = now(), redrive_traceparent = null
         where projection = $1 and version = $2 and reason = 'newer'
           and redrive_requested_at is null`,
        [projection, version],
      );
    },
    readDiscarded: async () => {
      const { rows } = await pool.query<{ position: string }>(
        'select position from zameni.discarded',
      );
      return new Set(rows.map(({ position }) => Number(position)));
    },
    readRedriveRequests: async () => {
      const { rows } = await pool.query<RequestRow>(
        `select subject, position, last_position as last,
           redrive_requested_at::text as requested_at, redrive_traceparent as traceparent
         from zameni.parked
         where projection = $1 and version = $2 and redrive_requested_at is not null
         order by redrive_requested_at, position limit $3`,
        [projection, version, REDRIVES_A_ROUND],
      );
      return rows.map(({ position, last, requested_at: redriveRequestedAt, ...row }) => {
        const places = { position: Number(position), lastPosition: Number(last) };
        return { ...row, ...places, redriveRequestedAt };
      });
    },
  };
}

type RequestRow = {
  readonly subject: string;
  readonly position: string;
  readonly last: string;
  readonly requested_at: string;
  readonly traceparent: string | null;
};
