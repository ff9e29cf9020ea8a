import { ACCOUNTS_PROJECTION, type ProjectionsView } from '@zameni/contracts';
import { AppError, type HeadWatch, type Queries } from '@zameni/runtime';

/** Reads how far the projections are. Throws `store-unavailable`. */
export type ReadProjections = () => Promise<ProjectionsView>;

/** The database in which the projections advance, and the log they follow. */
export type ProjectionsReaderOptions = {
  readonly primary: Queries;
  readonly head: Pick<HeadWatch, 'readHead' | 'pastForMs'>;
};

/**
 * Reads the checkpoints first and then the head, so that the head is not behind them, unless the log
 * is another one. Then, and without the log, the answer has no lag. Without the primary there is no answer, because no projection advances
 * then.
 */
export function createProjectionsReader(options: ProjectionsReaderOptions): ReadProjections {
  const { primary, head: log } = options;
  return async () => {
    const rows = await selectProjections(primary).catch((cause: unknown) => {
      throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
    });
    const head = await log.readHead();
    const projections = rows.map(({ position: text, parked, ...version }) => {
      const position = Number(text);
      const lag = head === undefined || head < position ? null : head - position;
      const lagSeconds = lag === null ? null : toLagSeconds(lag, log.pastForMs(position));
      return { ...version, position, lag, lagSeconds, parked };
    });
    return { head: head ?? null, projections };
  };
}

function toLagSeconds(lag: number, pastForMs: number): number {
  return lag === 0 ? 0 : Math.floor(pastForMs / 1_000);
}

type Row = Pick<Version, 'name' | 'version' | 'state' | 'parked'> & { readonly position: string };

type Version = ProjectionsView['projections'][number];

/** The other rows of the table are leases of reactors, which keep no position. */
async function selectProjections(pool: Queries): Promise<readonly Row[]> {
  const { rows } = await pool.query<Row>(
    `select c.projection as name, c.version, m.state, c.position,
       (
         select count(*)::integer from zameni.parked p
         where p.projection = c.projection and p.version = c.version
       ) as parked
     from zameni.checkpoints c
     join zameni.read_models m on m.version = c.version
     where c.projection = $1
     order by c.version`,
    [ACCOUNTS_PROJECTION],
  );
  return rows;
}
