import type { EventLog, Pool } from '@zameni/runtime';
import { findErasedBefore } from './erased-before.ts';
import { rewindMailer } from './rewind-mailer.ts';
import { isOfOtherLog, isReplacementBegun, replaceReadModels } from './replace-read-models.ts';

/** The log, the database as the owner of its tables, and the change of the log's incarnation. */
export type AdoptDeps = {
  readonly log: Pick<EventLog, 'head' | 'readAt' | 'readLast'>;
  readonly pool: Pool;
  readonly renewIncarnation: () => Promise<number>;
  readonly pollMs?: number;
  /** Milliseconds without progress after which the command gives up. */
  readonly stuckMs?: number;
};

/** Ends the command, and shows its steps. */
export type AdoptRun = {
  /** Whether positions from before are refused also if the read models are of this log. */
  readonly isForced?: boolean;
  readonly signal: AbortSignal;
  readonly reportStep: (step: string, detail?: string) => void;
};

/** What `zameni log adopt` did. */
export type AdoptReport = {
  /** Whether this run gave the log another incarnation, so that positions from before are refused. */
  readonly isIncarnationNew: boolean;
  /** The version that readers see now; null if the one before was of this log. */
  readonly version: number | null;
  /** The position after which the mailer reads on; null if it had read this log. */
  readonly mailsAfter: number | null;
  /** People who were erased and are in the log again. */
  readonly erasedBefore: readonly string[];
};

/**
 * Makes read models and mailer follow the log that is there. First the incarnation, so that no
 * position from before is taken for one of this log while the rest goes on. Every step finds out by
 * itself whether it is needed, so the whole may be repeated. Read models of this log are a proof that
 * the incarnation is its own; a run that was interrupted has changed it already.
 */
export async function adoptLog(deps: AdoptDeps, run: AdoptRun): Promise<AdoptReport> {
  const { log, pool, renewIncarnation } = deps;
  const { signal, reportStep } = run;
  const head = await log.head(signal);
  const isOther = await isOfOtherLog(pool, { table: 'zameni.checkpoints', head });
  const isIncarnationNew =
    run.isForced === true || (isOther && !(await isReplacementBegun(pool, head)));
  if (isIncarnationNew) {
    reportStep('giving the log another incarnation');
    await renewIncarnation();
  }
  reportStep('comparing the mailer’s position');
  const isOtherForMails = await isOfOtherLog(pool, { table: 'mailer.checkpoints', head });
  const mailsAfter = isOtherForMails ? await rewindMailer(deps, { head, signal }) : null;
  reportStep('looking for people who were erased');
  const erasedBefore = await findErasedBefore(deps, signal);
  const version = isOther ? await replaceReadModels(deps, { ...run, head }) : null;
  return { isIncarnationNew, version, mailsAfter, erasedBefore };
}
