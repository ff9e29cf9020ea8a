import { setImmediate as yieldToOthers } from 'node:timers/promises';
import {
  type EventLog,
  type LogMessage,
  MAX_SUBJECT_RECORDS,
  type TimedRecord,
} from './event-log.ts';
import type { SecureDeletion } from './secure-deletion.ts';

/**
 * An event log in memory that behaves like the JetStream one, for tests. It can also delete. `copied`
 * are its first records, of a log that it is a copy of.
 */
export function createMemoryLog(copied: readonly TimedRecord[] = []): EventLog & SecureDeletion {
  const records: (TimedRecord | undefined)[] = [];
  const bySubject = new Map<string, TimedRecord[]>();
  for (const record of copied) keep(record);
  let appended = Promise.withResolvers<void>();

  function lastPosition(guard: string): number {
    if (!guard.includes('*')) return bySubject.get(guard)?.at(-1)?.position ?? 0;
    const filter = new RegExp(`^${guard.replaceAll('.', '\\.').replaceAll('*', '[^.]+')}$`);
    return records.findLast((record) => record && filter.test(record.subject))?.position ?? 0;
  }

  function store({ subject, data, traceparent }: LogMessage): void {
    const record: TimedRecord = {
      subject,
      position: records.length + 1,
      time: `${process.hrtime.bigint()}`,
      data: Buffer.from(data),
      traceparent,
    };
    keep(record);
  }

  function keep(record: TimedRecord): void {
    records.push(record);
    const { subject } = record;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), record]);
  }

  return {
    append: async (messages, signal) => {
      signal.throwIfAborted();
      await yieldToOthers();
      const subjects = new Set(messages.map((message) => message.subject));
      if (subjects.size < messages.length) return { status: 'busy' };
      const holds = ({ subject, guard = subject, expectedPosition }: LogMessage) =>
        lastPosition(guard) === expectedPosition;
      if (!messages.every(holds)) {
        return { status: 'conflict' };
      }
      for (const message of messages) store(message);
      appended.resolve();
      appended = Promise.withResolvers();
      return { status: 'appended', lastPosition: records.length };
    },
    readLast: async (subjects) => {
      await yieldToOthers();
      const found = subjects.flatMap((subject) => bySubject.get(subject)?.at(-1) ?? []);
      return new Map(found.map((record) => [record.subject, record]));
    },
    readSubject: async (subject) => {
      await yieldToOthers();
      const found = bySubject.get(subject) ?? [];
      if (found.length <= MAX_SUBJECT_RECORDS) return found;
      throw new RangeError(`a subject has more than ${MAX_SUBJECT_RECORDS} records`);
    },
    readFirst: async (subject, _signal, after = 0) => {
      const prefix = /[*>]$/.test(subject) ? subject.slice(0, -1) : undefined;
      const found = prefix === undefined ? (bySubject.get(subject) ?? []) : records;
      return found.find(
        (record) =>
          record !== undefined &&
          record.position > after &&
          record.subject.startsWith(prefix ?? subject),
      );
    },
    readLastFromLeader: async (subject) => bySubject.get(subject)?.at(-1),
    readLastFromReplica: async (subject) => bySubject.get(subject)?.at(-1),
    hasRecord: async (subject) => (bySubject.get(subject) ?? []).length > 0,
    countRecords: async (filter) => {
      const prefix = filter.replace(/\*$/, '');
      const isWanted = (subject: string) =>
        prefix === filter ? subject === filter : subject.startsWith(prefix);
      const counts = [...bySubject].flatMap(([subject, all]) =>
        isWanted(subject) && all.length > 0 ? [[subject, all.length] as const] : [],
      );
      return { head: records.length, bySubject: new Map(counts) };
    },
    readBatches: async function* ({ filters, after, maxRecords, maxBytes }, signal) {
      const prefixes = filters.map((filter) => filter.replace(/\*$/, ''));
      const isWanted = ({ subject }: TimedRecord) =>
        filters.length === 0 || prefixes.some((prefix) => subject.startsWith(prefix));
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      let position = after;
      while (!signal.aborted) {
        const next = appended.promise;
        const batch: TimedRecord[] = [];
        let bytes = 0;
        while (position < records.length && batch.length < maxRecords && bytes < maxBytes) {
          const record = records[position];
          position += 1;
          if (record === undefined || !isWanted(record)) continue;
          batch.push(record);
          bytes += record.data.length;
        }
        if (batch.length > 0) yield batch;
        else await Promise.race([next, aborted]);
      }
    },
    room: async () => undefined,
    head: async () => records.length,
    readAt: async (position) => records[position - 1],
    incarnation: async () => undefined,
    deleteUpTo: async (subject, upTo) => {
      await yieldToOthers();
      const all = bySubject.get(subject) ?? [];
      const left = all.filter(({ position }) => position > upTo);
      bySubject.set(subject, left);
      for (const { position } of all) if (position <= upTo) records[position - 1] = undefined;
      return all.length - left.length;
    },
  };
}
