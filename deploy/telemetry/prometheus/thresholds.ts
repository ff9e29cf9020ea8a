/** Where alerts begin. Dashboards draw the same lines. */
export const THRESHOLDS = {
  readModelLagSeconds: 10,
  mailerLagRecords: 1_000,
  replicaLagBytes: 64 * 1_024 * 1_024,
  logReplicaLagRecords: 1_000,
  /** Of the part from which on registrations of the public are refused. */
  logRoomNearShare: 0.8,
  liveAttemptsShare: 0.8,
  /** More than this is hardly the accounts' fault: the projector stops at 1,000. */
  manyParked: 100,
  mailDueSeconds: 600,
  erasureSeconds: 3_600,
  watermarkSeconds: 30,
  cacheHitRatio: 0.5,
  conflictRatio: 0.5,
  errorRatio: 0.05,
  eventLoopDelaySeconds: 0.1,
  poolUse: 0.95,
  countersUse: 0.8,
  diskFreeLow: 0.15,
  diskFreeCritical: 0.05,
  certificateDays: 21,
  certificateDaysCritical: 3,
} as const;
