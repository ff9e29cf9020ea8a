import { decisionsOf, type History, type Stores, type Violation } from './types.ts';

const SHOWN_VIOLATIONS = 5;

/** Describes the first broken promises, each with everything known about the registration. */
export function describeViolations(
  violations: readonly Violation[],
  history: History,
  stores: Stores,
): string {
  const counts = Object.entries(Object.groupBy(violations, ({ rule }) => rule)).map(
    ([rule, all]) => `${rule} ${all?.length ?? 0}`,
  );
  const shown = violations
    .slice(0, SHOWN_VIOLATIONS)
    .map((violation) =>
      [`${violation.rule}: ${violation.detail}`, ...linesOf(violation, history, stores)].join(
        '\n  ',
      ),
    );
  return [`${violations.length} broken promises: ${counts.join(', ')}`, ...shown].join('\n\n');
}

function linesOf({ key, registrationId }: Violation, history: History, stores: Stores): string[] {
  const own = history.writes.find((write) => {
    const isNamed = decisionsOf(write).some((one) => one.registrationId === registrationId);
    return write.wish.key === key || (registrationId !== undefined && isNamed);
  });
  const decisions = own === undefined ? [] : decisionsOf(own);
  const ids = new Set([registrationId, ...decisions.map((answer) => answer.registrationId)]);
  const positions = new Set(decisions.map(({ position }) => position));
  const timed = [
    ...(own?.sent ?? []).map((sent) => ({ of: 'POST', ...sent })),
    ...history.proofs
      .filter((proof) => ids.has(proof.attempt.id))
      .flatMap(({ sent }) => sent.map((one) => ({ of: 'proof', ...one }))),
    ...history.reads
      .filter((read) => read.key === own?.wish.key || read.registrationId === registrationId)
      .map((read) => ({ of: `GET ${read.path} min ${read.minPosition ?? 'none'}`, ...read })),
  ].toSorted((a, b) => a.startedMs - b.startedMs);
  const { log, rows } = stores;
  const about = (item: object) => {
    const { position = -1, first = position }: { position?: number; first?: number } = item;
    return positions.has(first) || [...ids].some((id) => id !== undefined && names(item, id));
  };
  return [
    ...(own === undefined ? [] : [`wish ${JSON.stringify(own.wish)}`]),
    ...timed.map(({ of, startedMs, endedMs, answer }) => {
      return `${startedMs.toFixed(0)} to ${endedMs.toFixed(0)} ms ${of}: ${JSON.stringify(answer)}`;
    }),
    ...[...log.claims, ...log.keys, ...log.accounts, ...log.attempts]
      .filter(about)
      .map((record) => `log ${JSON.stringify(record)}`),
    ...[...rows.users, ...rows.attempts, ...rows.owners]
      .filter(about)
      .map((row) => `row ${JSON.stringify(row)}`),
  ];
}

function names(item: object, id: string): boolean {
  return JSON.stringify(item).includes(id);
}
