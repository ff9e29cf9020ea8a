import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from '../lease/store.ts';
import type { Park } from './changes.ts';

/** A parked subject that an operator wants to be tried again. */
export type RedriveRequest = Pick<Park, 'subject' | 'position' | 'lastPosition'>;

/** What the active projector reads about parked subjects. Their changes go with each batch. */
export type ParkingStore = {
  readonly readParked: () => Promise<readonly string[]>;
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
      const { rows } = await pool.query<{ subject: string }>(
        'select subject from zameni.parked where projection = $1 and version = $2',
        [projection, version],
      );
      return rows.map(({ subject }) => subject);
    },
    readDiscarded: async () => {
      const { rows } = await pool.query<{ position: string }>(
        'select position from zameni.discarded',
      );
      return new Set(rows.map(({ position }) => Number(position)));
    },
    readRedriveRequests: async () => {
      const { rows } = await pool.query<{ subject: string; position: string; last: string }>(
        `select subject, position, last_position as last from zameni.parked
         where projection = $1 and version = $2 and redrive_requested_at is not null
         order by redrive_requested_at, position limit $3`,
        [projection, version, REDRIVES_A_ROUND],
      );
      return rows.map(({ subject, position, last }) => {
        return { subject, position: Number(position), lastPosition: Number(last) };
      });
    },
  };
}
