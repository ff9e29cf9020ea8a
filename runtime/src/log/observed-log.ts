import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { createHistogram } from '../telemetry/metrics.ts';
import { recordedSpan, type SetAttributes, toErrorType, withSpan } from '../telemetry/trace.ts';
import type { AppendOutcome, EventLog, LogRecord } from './event-log.ts';

const MESSAGING = {
  'messaging.system': 'nats',
  'messaging.destination.name': ACCOUNTS_STREAM.name,
} as const;

/** Span and attributes of each kind of operation. */
const OPERATIONS = {
  publish: {
    span: SPANS.append,
    attributes: {
      ...MESSAGING,
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
    },
  },
  read: {
    span: SPANS.read,
    attributes: {
      ...MESSAGING,
      'messaging.operation.name': 'read',
      'messaging.operation.type': 'receive',
    },
  },
  info: { span: SPANS.info, attributes: { ...MESSAGING, 'messaging.operation.name': 'info' } },
} as const;

type LogSpan = typeof SPANS.append | typeof SPANS.read | typeof SPANS.info;

/** Sets attributes of the span of an operation, and what its failure is called if it has one. */
type Describe<T> = (
  result: T,
  set: SetAttributes<LogSpan>,
) => { readonly failure: string } | undefined;

/**
 * Measures each operation on a log, and gives it a span if the request that it is for is recorded.
 * Following the log is no operation: a batch has no end of its own.
 */
export function observeLog(log: EventLog): EventLog {
  const measure = createHistogram(METRICS.commit.appendDuration);

  async function observe<T>(
    kind: keyof typeof OPERATIONS,
    run: () => Promise<T>,
    describe?: Describe<T>,
  ): Promise<T> {
    const startedAt = performance.now();
    let failure: string | undefined;
    try {
      const { span, attributes } = OPERATIONS[kind];
      const work = async (set: SetAttributes<LogSpan>) => {
        const result = await run();
        failure = describe?.(result, set)?.failure;
        return result;
      };
      // A span without a parent would be a trace of its own, about nothing.
      if (recordedSpan() === undefined) return await work(() => undefined);
      return await withSpan<LogSpan, T>(span, { attributes }, work);
    } catch (error) {
      failure = toErrorType(error);
      throw error;
    } finally {
      measure((performance.now() - startedAt) / 1_000, {
        'messaging.system': 'nats',
        'messaging.operation.name': kind,
        ...(failure === undefined ? {} : { 'error.type': failure }),
      });
    }
  }

  return {
    ...log,
    append: (messages, signal) =>
      observe(
        'publish',
        () => log.append(messages, signal),
        (outcome, set) => {
          set({ 'messaging.batch.message_count': messages.length, ...toAttributes(outcome) });
          return outcome.status === 'appended' ? undefined : { failure: outcome.status };
        },
      ),
    readLast: (subjects, signal) =>
      observe('read', () => log.readLast(subjects, signal), countRecords),
    readSubject: (subject, signal) =>
      observe('read', () => log.readSubject(subject, signal), countRecords),
    readFirst: (subject, signal, after) =>
      observe('read', () => log.readFirst(subject, signal, after)),
    readLastFromLeader: (subject, signal) =>
      observe('read', () => log.readLastFromLeader(subject, signal)),
    readLastFromReplica: (subject, signal) =>
      observe('read', () => log.readLastFromReplica(subject, signal)),
    hasRecord: (subject, signal) => observe('info', () => log.hasRecord(subject, signal)),
    room: (signal) => observe('info', () => log.room(signal)),
    head: (signal) => observe('info', () => log.head(signal)),
    readAt: (position, signal) => observe('read', () => log.readAt(position, signal)),
    incarnation: (signal) => observe('info', () => log.incarnation(signal)),
  };
}

/** A conflict is expected among rivals and no failure of the append. */
function toAttributes({ status }: AppendOutcome) {
  if (status === 'appended') return { 'zameni.commit.outcome': 'appended' };
  if (status === 'conflict' || status === 'busy') return { 'zameni.commit.outcome': 'conflict' };
  return { 'zameni.commit.outcome': 'failed', 'error.type': status };
}

function countRecords(
  records: ReadonlyMap<string, LogRecord> | readonly LogRecord[],
  set: SetAttributes<LogSpan>,
): undefined {
  const count = 'size' in records ? records.size : records.length;
  set({ 'messaging.batch.message_count': count });
}
