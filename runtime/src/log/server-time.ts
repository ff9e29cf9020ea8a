import { Fault } from '../errors.ts';
/**
 * The nanoseconds since 1970 of a time as the servers of the log write it: RFC 3339 in UTC, with a
 * fraction without its last zeros. As text, because a number is not precise enough.
 */
export function toNanoseconds(time: string): string {
  const [, seconds = '', fraction = ''] = /^(.+T[\d:]+)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms)) throw new Fault('a time of the log is not of our form');
  return `${ms / 1_000}${fraction.padEnd(9, '0')}`;
}
