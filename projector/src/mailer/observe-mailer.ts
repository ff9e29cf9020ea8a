import type { MailCounts } from '@zameni/contracts';
import { METRICS, observe, type ServiceContext } from '@zameni/runtime';
import { createWatch } from '../async/watch.ts';
import { observeLease } from '../lease/metrics.ts';
import type { LeasedWork } from '../lease/work.ts';
import type { MailerConfig } from './config.ts';
import type { Ledger } from './ledger/store.ts';
import type { MessageStore } from './operator/message-store.ts';

/** What metrics tell of a mailer beside its mails. */
export type ObservedMailer = {
  readonly running: Pick<LeasedWork, 'status'>;
  readonly messages: Pick<MessageStore, 'count'>;
  readonly ledger: Pick<Ledger, 'dueForMs'>;
};

/** Milliseconds between two counts of mails. Each uses an index. */
const COUNT_MS = 10_000;

const STATES = [
  'waiting',
  'sending',
  'abandoned',
  'unknown',
] as const satisfies readonly (keyof MailCounts)[];

/** Has metrics tell of the lease, and of the mails that are not done. */
export function observeMailer(
  { resources, signal }: Pick<ServiceContext<MailerConfig>, 'resources' | 'signal'>,
  { running, messages, ledger }: ObservedMailer,
): void {
  const backlog = createWatch({
    read: async () => ({ counts: await messages.count(), dueForMs: await ledger.dueForMs() }),
    everyMs: COUNT_MS,
    isWanted: () => running.status().state === 'active',
  });
  const watching = backlog.run(signal);
  resources.defer(() => watching);
  resources.use(observeLease('mailer', running.status));
  resources.use(
    observe(METRICS.mail.messages, () => {
      const counts = backlog.last()?.counts;
      if (counts === undefined) return [];
      return STATES.map((state) => ({
        value: counts[state],
        attributes: { 'zameni.mail.state': state },
      }));
    }),
  );
  resources.use(
    observe(METRICS.mail.oldestDue, () => {
      const last = backlog.last();
      return last === undefined ? [] : [{ value: last.dueForMs / 1_000 }];
    }),
  );
}
