import { canRedrive, type LedgerMessage } from '@zameni/contracts';
import type { MessagePort } from './port.ts';
import type { RedrivenMessage, RedriveReport } from './reports.ts';

/** The mails to try again: some, or all abandoned ones with a reason. */
export type RedriveTarget = { readonly ids: readonly string[] } | { readonly reason: string };

/** Requests another try of each mail, one after the other: a process takes 50 changes a second. */
export async function redrive(
  port: MessagePort,
  target: RedriveTarget,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<RedriveReport> {
  if ('reason' in target && !isDryRun) {
    return { isDryRun, count: await port.redriveAll(target.reason), messages: [] };
  }
  const messages: RedrivenMessage[] = [];
  if ('reason' in target) {
    messages.push(...(await previewAll(port, target.reason)));
  } else {
    for (const id of new Set(target.ids)) {
      messages.push(isDryRun ? toPreview(id, await port.find(id)) : await redriveOne(port, id));
    }
  }
  const count = messages.filter(({ outcome }) => GOOD.has(outcome)).length;
  return { isDryRun, count, messages };
}

/** Outcomes of mails that were redriven, or would be. */
const GOOD: ReadonlySet<RedrivenMessage['outcome']> = new Set(['requested', 'untouched']);

async function redriveOne(port: MessagePort, id: string): Promise<RedrivenMessage> {
  const answer = await port.redrive(id);
  if (answer === 'not-found') return { id, outcome: answer, message: null };
  // The mail says why it was refused.
  if (answer === 'refused') return { id, outcome: answer, message: (await port.find(id)) ?? null };
  return { id, outcome: 'requested', message: answer };
}

async function previewAll(port: MessagePort, reason: string): Promise<RedrivenMessage[]> {
  const all = await port.list({ state: 'abandoned', reason }, Number.MAX_SAFE_INTEGER);
  return all.messages.filter(canRedrive).map((message) => toPreview(String(message.id), message));
}

function toPreview(id: string, message: LedgerMessage | undefined): RedrivenMessage {
  if (message === undefined) return { id, outcome: 'not-found', message: null };
  return { id, outcome: canRedrive(message) ? 'untouched' : 'refused', message };
}
