import { type DiscardParked, type ParkedSubject, type ParkedSubjects } from '@zameni/contracts';
import { currentTraceparent, type Pool } from '@zameni/runtime';
import { orUnavailable } from './or-unavailable.ts';

/** Which parked subjects to list, and how many. */
export type ParkedQuery = {
  readonly projection?: string | undefined;
  readonly reason?: string | undefined;
  /** The subject or its last part. */
  readonly id?: string | undefined;
  readonly limit: number;
  /** The cursor of the page before. */
  readonly after?: string | undefined;
};

/** The record to skip, and the operator who decided it. */
export type Discard = DiscardParked & { readonly id: string; readonly actor: string };

/**
 * Parked subjects as operators see and change them: those of every version of every projection. An
 * `id` is a subject or its last part, so the account and the attempt of one id are both found.
 * Changes are requests: the active projector does the work. Every method throws
 * `store-unavailable`.
 */
export type OperatorStore = {
  readonly list: (query: ParkedQuery) => Promise<ParkedSubjects>;
  readonly find: (id: string) => Promise<readonly ParkedSubject[]>;
  /** Requests another try. The last request counts: a try may be under way. Returns what is parked. */
  readonly requestRedrive: (id: string) => Promise<readonly ParkedSubject[]>;
  /**
   * Notes that the record at the position is skipped for ever, and requests a redrive of what waits
   * behind it. Returns nothing, and notes nothing, if no subject is parked at that position.
   */
  readonly discard: (discard: Discard) => Promise<readonly ParkedSubject[]>;
  /** Counts the parked subjects of one version of a projection. */
  readonly count: (of: { readonly name: string; readonly version: number }) => Promise<number>;
};

/** Reads and writes `zameni.parked` and `zameni.discarded` in Postgres. */
export function createOperatorStore(pool: Pick<Pool, 'query'>): OperatorStore {
  return {
    list: (query) => orUnavailable(list(pool, query)),
    find: (id) => orUnavailable(select(pool, FIND, [id])),
    requestRedrive: (id) => orUnavailable(select(pool, REQUEST_REDRIVE, [id, requestOf()])),
    discard: ({ id, position, reason, actor }) =>
      orUnavailable(select(pool, DISCARD, [id, position, reason, actor, requestOf()])),
    count: (of) => orUnavailable(count(pool, of)),
  };
}

/** The trace of the operator's request, to which the redrive links. */
const requestOf = () => currentTraceparent() ?? null;

type Row = {
  readonly projection: string;
  readonly version: number;
  readonly subject: string;
  readonly position: string;
  readonly last_position: string;
  readonly waiting: number;
  readonly reason: string;
  readonly detail: string | null;
  readonly tries: number;
  readonly trace_id: string | null;
  readonly parked_at: Date;
  readonly redrive_requested_at: Date | null;
};

const COLUMNS = `projection, version, subject, position, last_position, waiting, reason, detail,
  tries, trace_id, parked_at, redrive_requested_at`;

/** A table has 1,000 rows for each version at most, so it is scanned. */
const LIST = `
  select ${COLUMNS} from zameni.parked
  where ($1::text is null or projection = $1)
    and ($2::text is null or reason = $2)
    and ($3::text is null or $3 in (subject, substring(subject from '[^.]*$')))
    and ($4::bigint is null or (position, version, projection) > ($4, $5::integer, $6::text))
  order by position, version, projection
  limit $7`;

const FIND = `
  select ${COLUMNS} from zameni.parked
  where $1 in (subject, substring(subject from '[^.]*$'))
  order by position, version, projection`;

const REQUEST_REDRIVE = `
  update zameni.parked
  set redrive_requested_at = now(), redrive_traceparent = $2
  where $1 in (subject, substring(subject from '[^.]*$'))
  returning ${COLUMNS}`;

/** One statement, thus one transaction also through a pool that keeps no session. */
const DISCARD = `
  with requested as (
    update zameni.parked
    set redrive_requested_at = now(), redrive_traceparent = $5
    where $1 in (subject, substring(subject from '[^.]*$')) and position = $2
    returning ${COLUMNS}
  ), discarded as (
    insert into zameni.discarded (subject, position, reason, discarded_by)
    select distinct subject, position, $3, $4 from requested
    on conflict (subject, position) do nothing
  )
  select ${COLUMNS} from requested`;

async function list(pool: Pick<Pool, 'query'>, query: ParkedQuery): Promise<ParkedSubjects> {
  const { projection, reason, id, limit, after } = query;
  // A projection's name may hold hyphens too, so only the first two split.
  const [, position, version, name] = /^(\d+)-(\d+)-(.*)$/.exec(after ?? '') ?? [];
  // One more than asked for shows whether another page follows.
  const rows = await select(pool, LIST, [
    ...[projection, reason, id, position, version, name].map((value) => value ?? null),
    limit + 1,
  ]);
  const parked = rows.slice(0, limit);
  const last = rows.length > limit ? parked.at(-1) : undefined;
  return {
    parked,
    next: last === undefined ? null : `${last.position}-${last.version}-${last.projection}`,
  };
}

async function select(
  pool: Pick<Pool, 'query'>,
  sql: string,
  values: readonly unknown[],
): Promise<ParkedSubject[]> {
  const { rows } = await pool.query<Row>(sql, [...values]);
  return rows.map(toParkedSubject);
}

async function count(
  pool: Pick<Pool, 'query'>,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::integer as count from zameni.parked where projection = $1 and version = $2',
    [name, version],
  );
  return rows[0]?.count ?? 0;
}

function toParkedSubject(row: Row): ParkedSubject {
  return {
    projection: row.projection,
    version: row.version,
    subject: row.subject,
    id: row.subject.slice(row.subject.lastIndexOf('.') + 1),
    position: Number(row.position),
    lastPosition: Number(row.last_position),
    waiting: row.waiting,
    reason: row.reason,
    detail: row.detail,
    tries: row.tries,
    traceId: row.trace_id,
    parkedAt: row.parked_at.toISOString(),
    redriveRequestedAt: row.redrive_requested_at?.toISOString() ?? null,
  };
}
