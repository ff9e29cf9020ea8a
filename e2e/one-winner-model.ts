/** What the model says may be seen of one attempt to be registered. */
export type Standing = 'registered' | 'pending' | 'superseded' | 'refused' | 'erased';

/** One attempt: how it stands, and the address it has or waits for. */
export type Attempt = {
  standing: Standing;
  address: number;
  isVerified: boolean;
  isActive: boolean;
  /** The address of the newest change that waits for proof, and how many were asked for. */
  wanted: number | undefined;
  changes: number;
  /** Whether it came while the present holder has the address; only then a proof supersedes it. */
  isContender: boolean;
};

/** What a client asks for; attempts are named by the order they were sent in. */
export type Step =
  | { readonly type: 'register'; readonly person: number; readonly address: number }
  | { readonly type: 'prove-change'; readonly person: number; readonly change: number }
  | ({ readonly type: 'verify' | 'deactivate' | 'reactivate' | 'erase' } & {
      readonly person: number;
    })
  | { readonly type: 'change'; readonly person: number; readonly address: number };

/**
 * Who may own which address, as decision 11 has it and nothing of how it is done: whoever proves a
 * mailbox first owns the address, and until then whoever asked first holds it.
 */
export type Model = { readonly attempts: (Attempt | undefined)[] };

/** Who has an address; undefined while it is free. */
export function ownerOf({ attempts }: Model, address: number): Attempt | undefined {
  return attempts.find(
    (attempt) => attempt?.standing === 'registered' && attempt.address === address,
  );
}

/**
 * The models that remain when steps were sent at once and each was told what it was told: one for
 * each order in which they may have happened. None: no order explains it.
 */
export function explain(
  models: readonly Model[],
  told: readonly (readonly [step: Step, status: number])[],
): Model[] {
  const remaining = models.flatMap((model) =>
    ordersOf(told).flatMap((order) => {
      const next = structuredClone(model);
      return order.every(([step, status]) => apply(next, step) === status) ? [next] : [];
    }),
  );
  return [...new Map(remaining.map((model) => [JSON.stringify(model), model])).values()];
}

function ordersOf<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, n) =>
    ordersOf(items.toSpliced(n, 1)).map((rest) => [first, ...rest]),
  );
}

/** Applies a step; answers the status that the caller must be told. */
export function apply(model: Model, step: Step): number {
  if (step.type === 'register') return register(model, step);
  const attempt = model.attempts[step.person];
  if (attempt === undefined) return 0;
  switch (step.type) {
    case 'verify':
      return verify(model, attempt);
    case 'prove-change':
      // A link of a change before the newest proves nothing any more.
      return step.change === attempt.changes ? proveChange(model, attempt) : 202;
    case 'change':
      return change(attempt, step.address);
    case 'deactivate':
    case 'reactivate':
      if (attempt.standing === 'registered') attempt.isActive = step.type === 'reactivate';
      return statusOf(attempt, 202);
    case 'erase':
      if (attempt.standing === 'refused') return 404;
      if (attempt.standing === 'registered') release(model, attempt.address);
      attempt.standing = 'erased';
      return 202;
    default:
      return step satisfies never;
  }
}

function register(model: Model, { person, address }: Extract<Step, { type: 'register' }>): number {
  const owner = ownerOf(model, address);
  const standing =
    owner === undefined ? 'registered' : owner.isVerified ? 'refused' : ('pending' as const);
  const isContender = standing === 'pending';
  const base = { isVerified: false, isActive: true, wanted: undefined, changes: 0, isContender };
  model.attempts[person] = { ...base, standing, address };
  return { registered: 201, pending: 202, refused: 409 }[standing];
}

/** The link of a registration; what comes too late is taken and changes nothing. */
function verify(model: Model, attempt: Attempt): number {
  const mayProve = attempt.standing === 'pending' || attempt.standing === 'registered';
  if (!mayProve || attempt.isVerified || !attempt.isActive) return 202;
  const owner = ownerOf(model, attempt.address);
  if (owner !== undefined && owner !== attempt && owner.isVerified) {
    attempt.standing = 'superseded';
    return 202;
  }
  take(model, attempt, attempt.address);
  return 202;
}

function change(attempt: Attempt, address: number): number {
  const isPresent = attempt.standing === 'registered' && attempt.isActive;
  const isOwn = attempt.isVerified && attempt.address === address;
  if (isPresent && !isOwn) {
    attempt.wanted = address;
    attempt.changes += 1;
  }
  return statusOf(attempt, attempt.isActive ? 202 : 409);
}

function proveChange(model: Model, attempt: Attempt): number {
  const { wanted } = attempt;
  if (attempt.standing !== 'registered' || !attempt.isActive || wanted === undefined) return 202;
  const owner = ownerOf(model, wanted);
  if (owner !== undefined && owner !== attempt && owner.isVerified) return 409;
  take(model, attempt, wanted);
  attempt.wanted = undefined;
  return 202;
}

/** Makes an address the attempt's own; who held it unproven, or waited for it, has lost. */
function take(model: Model, winner: Attempt, address: number): void {
  for (const other of model.attempts) {
    if (other === undefined || other === winner || other.address !== address) continue;
    const isRival = other.standing === 'pending' && other.isContender;
    if (other.standing === 'registered' || isRival) other.standing = 'superseded';
  }
  const hasMoved = winner.standing === 'registered' && winner.address !== address;
  if (hasMoved) release(model, winner.address);
  winner.standing = 'registered';
  winner.address = address;
  winner.isVerified = true;
}

/** Makes an address free; who waited for it still may prove it. */
function release({ attempts }: Model, address: number): void {
  for (const attempt of attempts) {
    if (attempt?.address === address) attempt.isContender = false;
  }
}

function statusOf({ standing }: Attempt, present: number): number {
  if (standing === 'erased') return 410;
  return standing === 'registered' ? present : 404;
}
