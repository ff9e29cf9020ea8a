import { DEADLINES } from '../../process/deadlines.ts';
import { splitQuoted } from './split-quoted.ts';

/** Longest wait in seconds. */
export const MAX_WAIT_SECONDS = DEADLINES.preferWait / 1_000;

const waitPreference = /^wait[ \t]*=[ \t]*(?:(\d{1,9})|"(\d{1,9})")$/i;
const anyWait = /^wait(?![!#$%&'*+.^_`|~0-9A-Za-z-])/i;

/**
 * The seconds of `wait` in a `Prefer` header (RFC 7240), at most MAX_WAIT_SECONDS; undefined
 * without `wait`. Malformed preferences are ignored, as the RFC requires, and so is a second
 * `wait`.
 */
export function parsePreferWait(header: string | undefined): number | undefined {
  const preferences = splitQuoted(header ?? '', ',', { escapes: true }) ?? [];
  const names = preferences.map((text) => splitQuoted(text, ';', { escapes: true })?.[0]?.trim());
  const match = waitPreference.exec(names.find((name) => name && anyWait.test(name)) ?? '');
  const seconds = match?.[1] ?? match?.[2];
  return seconds === undefined ? undefined : Math.min(MAX_WAIT_SECONDS, Number(seconds));
}
