import { parseKeyRecord, subjectFilters } from '@zameni/contracts';
import {
  coerceError,
  delay,
  type EventLog,
  type KeyRingSource,
  type LogRecord,
  readToEnd,
} from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
  type LeaseStore,
} from '../lease/work.ts';
import { deleteIfErased, type RewrapDeps, rewrapKey } from './rewrap-key.ts';

/** Dependencies of the re-wrapper. */
export type RewrapperOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs' | 'renewMs'> &
  Omit<RewrapDeps, 'log'> & {
    readonly log: RewrapDeps['log'] & Pick<EventLog, 'readBatches' | 'readFirst' | 'head'>;
    readonly keyRing: Pick<KeyRingSource, 'current'>;
    readonly store: LeaseStore;
    readonly idleMs?: number;
  };

/** Progress of the work for the current key-encryption key. */
export type RewrapProgress = {
  readonly kek: string;
  /** Records wrapped by another key; null while they are counted. */
  readonly left: number | null;
  /** Those of them that no key of the ring opens. They stay as they are. */
  readonly unusable: number;
};

/** The re-wrapper and its progress. */
export type Rewrapper = LeasedWork & { readonly progress: () => RewrapProgress | undefined };

const MAX_RECORDS = 256;

/** Keys re-wrapped concurrently. Few, because this is background work. */
const MAX_AT_ONCE = 8;

/** Milliseconds between checks for work. */
const IDLE_MS = 1_000;

/**
 * Wraps people's data keys by the current key-encryption key while the ring holds another one. The
 * work follows from ring and log alone. After a fault, a crash or a change of the ring all keys are
 * read from the start, which is cheap compared with wrapping them. Later passes read new records
 * only.
 *
 * The work is done only after a pass that wrapped nothing. The pass before may have written keys of
 * people who were erased during it, and only another pass finds these. When the work is done, the
 * older key may be destroyed, and no pass follows. With one key in the ring nothing is read.
 */
export function createRewrapper(options: RewrapperOptions): Rewrapper {
  let progress: RewrapProgress | undefined;
  const work = createLeasedWork({
    ...options,
    name: 'rewrapper',
    work: (run) => rewrap(options, run, (next) => (progress = next)),
  });
  return { ...work, progress: () => progress };
}

async function rewrap(
  options: RewrapperOptions,
  { signal, onProgress, onStep }: LeasedRun,
  report: (progress: RewrapProgress) => void,
): Promise<void> {
  const { log, keyRing, logger, idleMs = IDLE_MS } = options;
  const slots = createSlots(MAX_AT_ONCE);
  let ring = keyRing.current();
  /** Up to this position only unusable records are wrapped by another key. */
  let position = 0;
  let left = 0;
  let unusable = 0;
  let isWrapping = false;

  while (!signal.aborted) {
    if (keyRing.current() !== ring) {
      ring = keyRing.current();
      position = 0;
      unusable = 0;
    }
    isWrapping = false;
    if (ring.keys.size > 1) await pass();
    if (isWrapping) continue;
    if (keyRing.current() === ring) report({ kek: ring.current, left: unusable, unusable });
    onProgress(position);
    await delay(idleMs, signal).catch(() => undefined);
  }

  /** Processes the keys after the position once. Throws when the signal aborts. */
  async function pass(): Promise<void> {
    left = 0;
    if (position === 0) {
      report({ kek: ring.current, left: null, unusable });
      await eachBatch(async (records) => {
        left += records.filter(isOld).length;
        onStep();
      });
    }
    const to = { position };
    await eachBatch(async (records) => {
      await lookAtAll(records);
      to.position = records.at(-1)?.position ?? to.position;
      onProgress(to.position);
    });
    if (keyRing.current() === ring) position = to.position;
  }

  /** After a fault it starts no further record and waits for those in progress. */
  async function lookAtAll(records: readonly LogRecord[]): Promise<void> {
    let fault: Error | undefined;
    const look = async (record: LogRecord) => {
      if (fault === undefined) await lookAt(record).catch((e: unknown) => (fault = coerceError(e)));
    };
    await Promise.all(records.map((record) => slots.run(() => look(record))));
    if (fault !== undefined) throw fault;
  }

  async function lookAt(record: LogRecord): Promise<void> {
    if (!isOld(record)) {
      const version = parseKeyRecord(record.data)?.version ?? 1;
      if (version > 1) await deleteIfErased(options, record, signal);
      return;
    }
    if (await rewrapKey(options, record, signal)) {
      isWrapping = true;
      left = Math.max(unusable + 1, left - 1);
    } else {
      unusable += 1;
      logger.error({ position: record.position }, 'a key is not opened by any key of the ring');
    }
    report({ kek: ring.current, left, unusable });
  }

  /** Reads to the end or until the ring changes. */
  async function eachBatch(apply: (records: readonly LogRecord[]) => Promise<void>) {
    const what = { filter: subjectFilters.keys, after: position, maxRecords: MAX_RECORDS };
    for await (const records of readToEnd(log, what, signal)) {
      if (keyRing.current() !== ring) return;
      await apply(records);
    }
  }

  function isOld(record: LogRecord): boolean {
    return parseKeyRecord(record.data)?.kek !== ring.current;
  }
}
