/** The state of an attempt. `void`: the person who held its address was erased. */
type AttemptState = 'none' | 'open' | 'proof' | 'not-mine' | 'erasure' | 'void';

/** One account: the address it holds, and what is pending. */
export type Account = {
  /** Undefined once it was disowned. */
  address: number | undefined;
  /** Former addresses that nobody else gets. A test ends before their time is over. */
  reserved: number[];
  isVerified: boolean;
  isActive: boolean;
  isErased: boolean;
  /** The address of the newest pending change, and the number of changes requested. */
  wanted: number | undefined;
  changes: number;
  /** Links that were proven: 0 is that of the registration, the others those of changes. */
  proofs: number[];
};

/** One id: an attempt, an account, or an account that came of its attempt. */
export type Entry = {
  attempt: AttemptState;
  /** The requested address. */
  asked: number;
  /** After a proof: the account that it made or confirmed. */
  provenFor: number | undefined;
  account: Account | undefined;
};

/** The prover's statement beside the link. */
export type Said = 'nothing' | 'confirm' | 'not-mine' | 'disclaim';

/** The data of each step besides an id. */
type About = {
  attempt: { readonly address: number };
  register: { readonly address: number };
  prove: { readonly said: Said };
  'prove-account': { readonly said: Said };
  'prove-change': { readonly said: Said; readonly change: number };
  change: { readonly address: number };
  deactivate: object;
  reactivate: object;
  erase: object;
};

/** A client's request. Ids are named by the order in which they were requested. */
export type Step = {
  [Type in keyof About]: { readonly type: Type; readonly id: number } & About[Type];
}[keyof About];

/** The rule of who may hold which address, independent of the implementation. */
export type Model = { readonly entries: (Entry | undefined)[] };

/** Applies a step. Returns the expected answer: a status, an account, or a code. */
export function apply(model: Model, step: Step): string {
  const { id } = step;
  if (step.type === 'attempt' || step.type === 'register') return register(model, step);
  const entry = model.entries[id];
  if (entry === undefined) return '';
  switch (step.type) {
    case 'prove':
      return prove(model, { id, entry, said: step.said });
    case 'prove-account':
      return proveAccount({ id, entry, said: step.said });
    case 'prove-change':
      return proveChange(model, { ...step, entry });
    case 'erase':
      return erase(model, entry);
    case 'change':
    case 'deactivate':
    case 'reactivate':
      return changeAccount(entry, step);
    default:
      return step satisfies never;
  }
}

const invalid = 'invalid-verification-token';

function register(
  model: Model,
  { type, id, address }: Extract<Step, { type: 'attempt' | 'register' }>,
): string {
  const entry: Entry = {
    attempt: 'none',
    asked: address,
    provenFor: undefined,
    account: undefined,
  };
  model.entries[id] = entry;
  if (type === 'attempt') {
    entry.attempt = 'open';
    return '202';
  }
  if (holderOf(model, address) !== undefined || isReserved(model, address)) return 'address-taken';
  entry.account = toAccount(address, false);
  return '201';
}

function toAccount(address: number, isVerified: boolean): Account {
  const changes = { reserved: [], wanted: undefined, changes: 0, proofs: [] };
  return { address, isVerified, isActive: true, isErased: false, ...changes };
}

type Proof = { readonly id: number; readonly entry: Entry; readonly said: Said };

/** The link of an attempt. */
function prove(model: Model, { id, entry, said }: Proof): string {
  const { asked, attempt, provenFor } = entry;
  if (attempt === 'proof' && provenFor !== undefined) {
    if (model.entries[provenFor]?.account?.isErased !== false) return invalid;
    return said === 'disclaim' ? 'address-taken' : `202 ${provenFor}`;
  }
  if (attempt === 'not-mine') return said === 'disclaim' ? `202 ${id}` : invalid;
  if (attempt !== 'open') return invalid;
  if (said === 'disclaim') {
    entry.attempt = 'not-mine';
    return `202 ${id}`;
  }
  const holder = holderOf(model, asked);
  if (holder?.account.isVerified === true || isReserved(model, asked)) return 'address-taken';
  if (holder !== undefined && said === 'nothing') return 'address-unproven';
  if (holder !== undefined && said === 'confirm') {
    if (!holder.account.isActive) return 'user-deactivated';
    holder.account.isVerified = true;
    holder.account.proofs.push(0);
    return close(entry, holder.id);
  }
  if (holder === undefined && said === 'confirm') return 'invalid-request';
  if (holder !== undefined) disown(holder.account);
  entry.account = toAccount(asked, true);
  return close(entry, id);
}

function close(entry: Entry, provenFor: number): string {
  entry.attempt = 'proof';
  entry.provenFor = provenFor;
  return `202 ${provenFor}`;
}

/** The link of an account that was vouched for. */
function proveAccount({ id, entry: { account }, said }: Proof): string {
  if (account === undefined || account.isErased) return invalid;
  if (said === 'confirm' || said === 'not-mine') return 'invalid-request';
  const accepted = `202 ${id}`;
  const isNotMine = said === 'disclaim';
  if (account.proofs.includes(0)) return isNotMine ? 'address-taken' : accepted;
  if (account.address === undefined) return isNotMine ? accepted : invalid;
  if (account.isVerified) return invalid;
  if (isNotMine) {
    disown(account);
    return accepted;
  }
  if (!account.isActive) return 'user-deactivated';
  account.isVerified = true;
  account.proofs.push(0);
  return accepted;
}

/** The link of an address change. */
function proveChange(
  model: Model,
  { id, entry: { account }, said, change }: Proof & { readonly change: number },
): string {
  if (account === undefined || account.isErased) return invalid;
  const accepted = `202 ${id}`;
  const isNotMine = said === 'disclaim';
  if (account.proofs.includes(change)) return isNotMine ? 'address-taken' : accepted;
  const { wanted } = account;
  if (change !== account.changes || wanted === undefined) return isNotMine ? accepted : invalid;
  if (isNotMine) {
    account.wanted = undefined;
    return accepted;
  }
  if (!account.isActive) return 'user-deactivated';
  const holder = holderOf(model, wanted);
  if (isReserved(model, wanted, id)) return 'address-taken';
  if (holder !== undefined && holder.id !== id) {
    if (holder.account.isVerified) return 'address-taken';
    if (said === 'nothing') return 'address-unproven';
    if (said === 'confirm') return 'invalid-request';
    disown(holder.account);
  }
  const { address, isVerified, reserved } = account;
  if (isVerified && address !== undefined && address !== wanted) reserved.push(address);
  Object.assign(account, { address: wanted, isVerified: true, wanted: undefined });
  account.proofs.push(change);
  return accepted;
}

/** The holder of an address. Undefined while it is free. */
function holderOf(
  { entries }: Model,
  address: number,
): { readonly id: number; readonly account: Account } | undefined {
  for (const [id, entry] of entries.entries()) {
    const account = entry?.account;
    if (account?.address === address && !account.isErased) return { id, account };
  }
  return undefined;
}

/** Whether an address is a former one of an account other than `except`. */
function isReserved({ entries }: Model, address: number, except?: number): boolean {
  return entries.some(
    (entry, id) => id !== except && entry?.account?.reserved.includes(address) === true,
  );
}

/** Former addresses that an account may have at once. */
const MAX_RESERVED = 3;

function disown(account: Account): void {
  account.address = undefined;
  account.isActive = false;
}

function changeAccount(
  { account }: Entry,
  step: Extract<Step, { type: 'change' | 'deactivate' | 'reactivate' }>,
): string {
  if (account === undefined) return 'user-not-found';
  if (account.isErased) return 'user-erased';
  if (step.type !== 'change') {
    account.isActive = step.type === 'reactivate';
    return '202';
  }
  if (!account.isActive) return 'user-deactivated';
  const former = new Set(account.reserved.filter((address) => address !== account.address));
  if (account.address === step.address) account.wanted = undefined;
  else if (former.size >= MAX_RESERVED) return 'too-many-changes';
  else Object.assign(account, { wanted: step.address, changes: account.changes + 1 });
  return '202';
}

/** The erasure of a person voids the attempts on their address. */
function erase({ entries }: Model, entry: Entry): string {
  const { account, attempt } = entry;
  if (account === undefined) {
    if (attempt !== 'open' && attempt !== 'erasure' && attempt !== 'void') return 'user-not-found';
    entry.attempt = 'erasure';
    return '202';
  }
  for (const other of entries) {
    const isOnAddress = account.address !== undefined && other?.asked === account.address;
    if (isOnAddress && other.attempt === 'open') other.attempt = 'void';
  }
  Object.assign(account, { isErased: true, address: undefined, reserved: [] });
  return '202';
}
