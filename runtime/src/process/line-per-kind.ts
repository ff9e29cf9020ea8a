/** Milliseconds between two lines about faults of one kind. A stack for each would add load. */
const INTERVAL_MS = 1_000;

/** Kinds that are told apart at once. Further ones are counted by their group alone. */
const MAX_KINDS = 50;

/** Of what kind a fault is, and of which of few groups. */
export type FaultKind = { readonly kind: string; readonly group: string };

/** Notes faults. */
export type LinePerKind<Fault> = Disposable & {
  readonly note: (kind: FaultKind, fault: Fault) => void;
};

/** Faults of one kind since its last line, and the newest of them. */
type Waiting<Fault> = { faults: number; newest: Fault; timer: NodeJS.Timeout };

/**
 * Writes one line a second and kind. The first fault of a kind is written at once, later ones as the
 * newest of them and their number. Disposing writes what is left.
 */
export function createLinePerKind<Fault>(
  write: (newest: Fault, faults: number) => void,
): LinePerKind<Fault> {
  const kinds = new Map<string, Waiting<Fault>>();

  /** A kind that goes on failing is reported again, and a quiet one is forgotten. */
  function report(kind: string): void {
    const waiting = kinds.get(kind);
    if (waiting === undefined) return;
    if (waiting.faults === 0) {
      kinds.delete(kind);
      return;
    }
    write(waiting.newest, waiting.faults);
    waiting.faults = 0;
    waiting.timer = reportLater(kind);
  }

  function reportLater(kind: string): NodeJS.Timeout {
    return setTimeout(() => report(kind), INTERVAL_MS).unref();
  }

  return {
    note: ({ kind: exact, group }, fault) => {
      const kind = kinds.has(exact) || kinds.size < MAX_KINDS ? exact : group;
      const waiting = kinds.get(kind);
      if (waiting !== undefined) {
        waiting.faults += 1;
        waiting.newest = fault;
        return;
      }
      write(fault, 1);
      kinds.set(kind, { faults: 0, newest: fault, timer: reportLater(kind) });
    },
    [Symbol.dispose]: () => {
      for (const { timer, faults, newest } of kinds.values()) {
        clearTimeout(timer);
        if (faults > 0) write(newest, faults);
      }
      kinds.clear();
    },
  };
}

/** The kind of an error: its name, its code and where it was thrown. */
export function kindOfError(error: Error): FaultKind {
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0];
  return { kind: [error.name, Reflect.get(error, 'code'), place].join('\n'), group: error.name };
}
