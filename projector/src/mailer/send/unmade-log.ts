import { createLinePerKind, kindOfError, type Logger } from '@zameni/runtime';
import type { Message } from '../ledger/message.ts';

/** Logs mails that could not be looked up or rendered. */
export type UnmadeLog = Disposable & {
  readonly note: (message: Pick<Message, 'id' | 'cause'>, error: Error) => void;
};

type Line = { readonly mail: Message['id']; readonly mailCause: Message['cause']; error: Error };

/** Creates the log, with one line a second and kind: while the log is away, no mail can be made. */
export function createUnmadeLog(logger: Pick<Logger, 'error'>): UnmadeLog {
  const lines = createLinePerKind<Line>((newest, faults) =>
    logger.error({ ...newest, faults }, 'a mail could not be made'),
  );
  return {
    note: ({ id: mail, cause: mailCause }, error) =>
      lines.note(kindOfError(error), { mail, mailCause, error }),
    [Symbol.dispose]: () => lines[Symbol.dispose](),
  };
}
