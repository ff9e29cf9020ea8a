import { canRedrive, type LedgerMessage } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import type { MessageStore } from './message-store.ts';

/** A mail of the ledger for tests. */
export function ledgerMessage(id: number, more: Partial<LedgerMessage> = {}): LedgerMessage {
  return {
    id,
    cause: 'registered',
    kind: 'confirm-account',
    state: 'abandoned',
    reason: 'rcpt 550 5.1.1',
    tries: 3,
    repeats: 1,
    nextTryAt: null,
    askedAt: '2026-03-04T05:06:07.089Z',
    changedAt: '2026-03-04T05:07:00.000Z',
    position: 10 + id,
    userId: `01980000-0000-7000-8000-${String(id).padStart(12, '0')}`,
    attemptId: null,
    merged: 0,
    ...more,
  };
}

/** When the memory store makes a mail wait. */
export const REDRIVEN_AT = '2026-03-05T00:00:00.000Z';

/** A ledger in memory that nobody sends. A page of `redriveAll` has two mails. */
export function createMemoryMessageStore(
  messages: readonly LedgerMessage[],
): MessageStore & { readonly messages: () => readonly LedgerMessage[] } {
  let kept = messages;
  const has = (reason: string | undefined) => (message: LedgerMessage) =>
    reason === undefined || message.reason?.startsWith(reason) === true;
  const redrive = (message: LedgerMessage): LedgerMessage => {
    const waiting = { ...message, state: 'waiting', nextTryAt: REDRIVEN_AT } as const;
    const changed =
      message.state === 'waiting'
        ? waiting
        : { ...waiting, reason: 'redriven', tries: 0, repeats: 0 };
    kept = kept.map((each) => (each.id === message.id ? changed : each));
    return changed;
  };
  const find = async (id: number): Promise<LedgerMessage> => {
    const found = kept.find((each) => each.id === id);
    if (found === undefined) throw new AppError('not-found');
    return found;
  };
  const countOf = (state: LedgerMessage['state']) =>
    kept.filter((each) => each.state === state).length;
  return {
    messages: () => kept,
    find,
    list: async ({ state, reason, limit, after }) => {
      const found = kept
        .filter((each) => state === undefined || each.state === state)
        .filter(has(reason))
        .filter(({ id }) => after === undefined || id < Number(after))
        .toSorted((a, b) => b.id - a.id);
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { messages: page, next: last === undefined ? null : String(last.id) };
    },
    redrive: async (id) => {
      const found = await find(id);
      if (!canRedrive(found)) throw new AppError('message-state');
      return redrive(found);
    },
    redriveAll: async ({ reason, after }) => {
      const found = kept
        .filter((each) => each.state === 'abandoned' && canRedrive(each))
        .filter(has(reason))
        .filter(({ id }) => after === undefined || id > Number(after))
        .slice(0, 2);
      for (const each of found) redrive(each);
      const last = found.length < 2 ? undefined : found.at(-1);
      return { redriven: found.length, next: last === undefined ? null : String(last.id) };
    },
    count: async () => ({
      waiting: countOf('waiting'),
      sending: countOf('sending'),
      abandoned: countOf('abandoned'),
      unknown: countOf('unknown'),
      oldestWaitingSeconds: null,
    }),
  };
}
