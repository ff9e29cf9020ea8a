import { Fault } from '../errors.ts';

/**
 * Deadlines that other deadlines depend on, in milliseconds. Each is used in one place or more; the
 * relations between them are in `RELATIONS`, which every service checks when it starts.
 */
export const DEADLINES = {
  /** One read of the log. */
  logRead: 3_000,
  /** One append to the log, until its acknowledgement. */
  logAppend: 2_000,
  /**
   * A command, from when its request was read, its caller known and its limits counted, to its answer:
   * 503 if it has no outcome by then. Until then tries to decide and commit it begin.
   */
  outcome: 1_800,
  /** An intent in the committer. An append that has begun is repeated so long, also for nobody. */
  intent: 8_000,
  /** The wait of a `DELETE` for every store that answers readers. */
  erased: 12_000,
  /** What is left of that wait once the service stops. */
  erasedAtStop: 8_000,
  /** Between two looks of a reader at the position of the primary, and for one look. */
  primaryLook: 1_000,
  /** An entry of the cache that a reader stored from before the watermark. */
  entryBehind: 5_000,
  /** One read of the replica, after which the primary is asked, and one read of the primary. */
  replicaRead: 600,
  primaryRead: 1_200,
  /** From a change on the primary until no reader answers from a replica that lacks it. */
  replicaDistrusted: 9_000,
  /** From the start of a request to the answer of a command, with `Prefer: wait`. */
  answer: 30_000,
  /** The longest `Prefer: wait`. */
  preferWait: 30_000,
  /**
   * From the signal to a service behind the gateway until it closes. It says that it is not ready
   * and answers, until the gateway has seen it: two checks, `deploy/local/parts/gateway/config.ts`.
   */
  leave: 1_500,
  /** The drain of a service, until nothing of it is open. */
  drain: 12_000,
  /** The last spans and metrics of a service, after its drain. */
  telemetryFlush: 2_000,
  /** From the signal to a service until its supervisor kills it. */
  stop: 16_000,
  /** The gateway's wait for a service's answer. */
  gatewayServer: 35_000,
  /** The default pause of a key rotation for commits under way. */
  rotationGrace: 30_000,
  /** From the death or pause of the active projector to its successor's first statement. */
  takeOver: 3_000,
  /** A lease that is not renewed. */
  lease: 1_600,
  /** Between two renewals of a lease. */
  leaseRenewal: 400,
  /** Between two tries of a standby to take a lease, less a random part. */
  leaseStandby: 300,
  /** The longest step of work under a lease. */
  leasedStep: 120_000,
} as const;

export type Deadlines = Readonly<Record<keyof typeof DEADLINES, number>>;

/**
 * The longest time from reading a key ring to the end of an append that was made with it: tries begin
 * until `outcome`; the last one reads accounts and claims, waits in the committer, and appends.
 */
export function longestCommitMs(deadlines: Deadlines = DEADLINES): number {
  const { outcome, logRead, intent, logAppend } = deadlines;
  return outcome + 2 * logRead + intent + logAppend;
}

/**
 * The longest time that a lease stays with a process that is dead or frozen. It was renewed just
 * before. A standby takes a lease that it finds expired twice. If a transaction of the frozen
 * process has locked it, one more try takes it.
 */
export function longestTakeOverMs({ lease, leaseStandby }: Deadlines = DEADLINES): number {
  return lease + 3 * leaseStandby;
}

/** Milliseconds for the statements of a take-over, and for the start of reading the log. */
const TAKE_OVER_MARGIN_MS = 500;

/** Renewals that may fail to come, one after another, before a lease expires. */
const MISSED_RENEWALS = 3;

type Relation = {
  readonly rule: string;
  readonly isKept: (deadlines: Deadlines) => boolean;
};

const RELATIONS: readonly Relation[] = [
  {
    rule: 'a rotation waits longer than the longest commit, or it destroys a key in use',
    isKept: (d) => d.rotationGrace > longestCommitMs(d),
  },
  {
    rule: 'a command is answered within two seconds',
    isKept: (d) => d.outcome < 2_000,
  },
  {
    rule: 'a read without a wait is answered within two seconds, whatever database is away',
    isKept: (d) => d.replicaRead + d.primaryRead < 2_000,
  },
  {
    rule: 'an import answers after the longest commit of a row',
    isKept: (d) => d.answer > longestCommitMs(d),
  },
  {
    rule: 'the longest wait for an answer fits into the time of an answer',
    isKept: (d) => d.preferWait <= d.answer,
  },
  {
    rule: 'the gateway waits longer than an answer takes',
    isKept: (d) => d.gatewayServer > d.answer,
  },
  {
    rule: 'the gateway waits longer than an erasure takes',
    isKept: (d) => d.gatewayServer > longestCommitMs(d) + d.erased,
  },
  {
    rule: 'a drain takes longer than the intents that are queued',
    isKept: (d) => d.drain > d.intent + d.logAppend,
  },
  {
    rule: 'a drain takes longer than a `DELETE` that came as the service stopped',
    isKept: (d) => d.drain > d.outcome + d.erasedAtStop,
  },
  {
    rule: 'a supervisor waits longer than a service needs to leave, to drain and to export the last telemetry',
    isKept: (d) => d.stop > d.leave + d.drain + d.telemetryFlush,
  },
  {
    rule: 'a standby takes over in time, also from a process that froze inside a transaction',
    isKept: (d) => d.takeOver >= longestTakeOverMs(d) + TAKE_OVER_MARGIN_MS,
  },
  {
    rule: 'a lease outlives several renewals that fail to come',
    isKept: (d) => d.lease > MISSED_RENEWALS * d.leaseRenewal,
  },
  {
    rule: 'a step of leased work may take longer than any wait in it',
    isKept: (d) => d.leasedStep > longestCommitMs(d),
  },
  {
    rule: 'an erasure outlasts the take-over of its eraser',
    isKept: (d) => d.erased > 2 * d.takeOver,
  },
  {
    rule: 'a replica is distrusted after the last answer that was read or stored from it',
    // A look that hangs, a pause and a look that answers; then what was stored just before.
    isKept: (d) => d.replicaDistrusted > 3 * d.primaryLook + Math.max(d.primaryLook, d.entryBehind),
  },
  {
    rule: 'an erasure outlasts the distrust of a replica that lags',
    isKept: (d) => d.erased > d.replicaDistrusted + d.takeOver / 2,
  },
];

/** The relations that do not hold. */
export function findBrokenRelations(deadlines: Deadlines = DEADLINES): string[] {
  return RELATIONS.filter(({ isKept }) => !isKept(deadlines)).map(({ rule }) => rule);
}

/** Throws when the deadlines contradict each other. */
export function assertDeadlines(deadlines: Deadlines = DEADLINES): void {
  const broken = findBrokenRelations(deadlines);
  if (broken.length > 0) throw new Fault(`deadlines contradict each other: ${broken.join('; ')}`);
}
