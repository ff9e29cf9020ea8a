import {
  coerceError,
  delay,
  type LookAtServers,
  type OpenCopy,
  type ReadLogServers,
  type ServerLook,
  type StepDown,
} from '@zameni/runtime';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from '../lease/work.ts';
import { createCompareContents, type CopyFaults } from './contents.ts';
import { judgeCounts, type LookRound } from './judge-counts.ts';
import { createServerStates, type ServerStates } from './server-states.ts';
import type { AuditedServer, AuditorStore } from './store.ts';
import { createWalk } from './walk.ts';

/** Dependencies of the auditor. It reads the log as the NATS user `auditor`. */
export type AuditorOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs' | 'renewMs'> & {
  readonly lookAtServers: LookAtServers;
  readonly openCopy: OpenCopy;
  readonly servers: ReadLogServers;
  readonly stepDown: StepDown;
  readonly store: AuditorStore;
  readonly lookMs?: number;
  /** Milliseconds between two looks at a difference of contents. */
  readonly againMs?: number;
};

/** What the auditor knows of the servers, and how far it has compared their contents. */
export type AuditProgress = {
  readonly servers: readonly Omit<AuditedServer, 'serverId'>[];
  readonly comparedUpTo: number;
};

/** The auditor and its findings; none in a process that stands by. */
export type Auditor = LeasedWork & { readonly progress: () => AuditProgress | undefined };

/** Milliseconds between looks at the servers. */
const LOOK_MS = 1_000;

/** Milliseconds of looks that are kept: more than the time in which counts must agree. */
const WINDOW_MS = 15_000;

/** Milliseconds from the end of one walk through all contents to the next. */
const WALK_EVERY_MS = 3_600_000;

/** Positions at the end of the log that are compared before a server that came back is believed. */
const SAMPLE = 1_000;

/**
 * Compares what the servers of the log hold. A server whose disk lost records starts as if nothing
 * had happened, and says so to nobody. As the leader it would answer that people do not exist and
 * that their addresses are free.
 *
 * Each second it looks at every server. One that started again is `unknown` until its counts and
 * the newest records agree with the others. One with fewer records than others is `unknown` until
 * all contents are compared. A copy that lacks a record that another one holds is `damaged` until
 * its server starts with another one. All contents are compared after each return of a server, and
 * each hour. A server that is not healthy is asked to hand over the lead to one that is.
 *
 * The worse failure is a damaged leader. A healthy server that is distrusted by mistake costs
 * availability, so a difference must last before it counts.
 */
export function createAuditor(options: AuditorOptions): Auditor {
  let progress: AuditProgress | undefined;
  const report = (next: AuditProgress | undefined) => (progress = next);
  const work = createLeasedWork({
    ...options,
    name: 'auditor',
    work: (run) => audit(options, run, report).finally(() => report(undefined)),
  });
  return { ...work, progress: () => progress };
}

async function audit(
  options: AuditorOptions,
  { signal, onProgress, onStep }: LeasedRun,
  report: (progress: AuditProgress) => void,
): Promise<void> {
  const { lookAtServers, openCopy, store, logger, lookMs = LOOK_MS } = options;
  const states = await createServerStates(store, logger);
  const compare = createCompareContents(options);
  await using walk = createWalk({ openCopy, compare });
  let rounds: readonly LookRound[] = [];
  let isWalkDue = true;
  let walkedAtMs = performance.now();

  while (!signal.aborted) {
    const looks = await lookAtServers(signal);
    const atMs = performance.now();
    rounds = [...rounds.filter((round) => atMs - round.atMs < WINDOW_MS), { atMs, looks }];
    const head = Math.max(0, ...looks.map(({ copy }) => copy?.last ?? 0));
    for (const look of looks) {
      if (await states.noteStart(look)) isWalkDue = true;
    }
    // The lead first: the rest takes time.
    await keepOffLead(options, states, looks, signal);
    for (const look of looks) await judge(look, head);
    await goOnWalking(looks, head, atMs);
    report({ servers: states.list(), comparedUpTo: walk.at() });
    onProgress(0);
    await delay(lookMs * (0.75 + Math.random() / 2), signal);
  }

  async function judge(look: ServerLook, head: number): Promise<void> {
    if (!states.isToBeJudged(look)) return;
    const verdict = judgeCounts(look.server, rounds);
    if (verdict === 'differs' && (await states.noteDifference(look))) {
      walk.begin({ to: head, isUrgent: true });
    }
    if (verdict !== 'agrees' || states.isHealthy(look.server)) return;
    // Later deletions hide a hole in the counts.
    if (states.isDifferent(look.server)) return;
    const servers = comparable(looksOf(rounds), states);
    if (servers.length < 2 || !servers.includes(look.server)) return;
    const sample = { from: Math.max(1, head - SAMPLE + 1), to: head };
    const faults = head === 0 ? new Map() : await tryTo(() => compare(servers, sample, signal));
    onStep();
    if (faults === undefined) return;
    await noteFaults(faults);
    if (!faults.has(look.server)) await states.noteHealthy(look);
  }

  async function goOnWalking(looks: readonly ServerLook[], head: number, atMs: number) {
    if (walk.isOver() && (isWalkDue || atMs - walkedAtMs >= WALK_EVERY_MS)) {
      // The auditor before this one has not ended its comparison.
      const isUrgent = looks.some(({ server }) => states.isDifferent(server));
      walk.begin({ to: head, isUrgent });
      isWalkDue = false;
    }
    if (walk.isOver()) return;
    const servers = comparable(looks, states).filter((name) => !states.isReturning(name));
    const faults = await tryTo(() => walk.goOn(servers, signal));
    onStep();
    if (faults === undefined) return;
    await noteFaults(faults);
    if (!walk.isOver()) return;
    walkedAtMs = atMs;
    await states.noteWalked(looks);
  }

  async function noteFaults(faults: CopyFaults): Promise<void> {
    for (const [server, fault] of faults) await states.noteDamaged(server, fault);
  }

  /** A reader that ends is no finding: the next round tries again. */
  async function tryTo<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn({ error: coerceError(error) }, 'copies of the log cannot be compared now');
      return undefined;
    }
  }
}

function looksOf(rounds: readonly LookRound[]): readonly ServerLook[] {
  return rounds.at(-1)?.looks ?? [];
}

/** Servers that answer and whose copy is not known to be damaged. */
function comparable(looks: readonly ServerLook[], states: ServerStates): readonly string[] {
  return looks
    .filter(({ server, copy }) => copy !== undefined && !states.isDamaged(server))
    .map(({ server }) => server);
}

/** Asks a leader that is not healthy to hand over to a server that is, if there is one. */
async function keepOffLead(
  { servers, stepDown, logger }: AuditorOptions,
  states: ServerStates,
  looks: readonly ServerLook[],
  signal: AbortSignal,
): Promise<void> {
  try {
    const { leader, silent, catchingUp } = await servers(signal);
    if (leader === undefined || !states.isSuspect(leader)) return;
    const successor = looks
      .map(({ server }) => server)
      .find((server) => {
        const isReady = !silent.includes(server) && !catchingUp.includes(server);
        return server !== leader && isReady && states.isHealthy(server);
      });
    const found = { server: leader, successor };
    if (states.isReturning(leader)) {
      logger.warn(found, 'a copy that is not compared yet leads the log');
    } else logger.error(found, 'a suspect copy leads the log');
    if (successor !== undefined) await stepDown(successor);
  } catch (error) {
    if (signal.aborted) throw error;
    logger.warn({ error: coerceError(error) }, 'the leader of the log cannot be looked at');
  }
}
