import { userIdOf } from '../../accounts.fixture.ts';
import type { Message } from './message.ts';

/** The n-th made-up mail, as a process takes it. */
export function takenMail(n: number, fields: Partial<Message> = {}): Message {
  return {
    id: n,
    cause: 'registered',
    position: n,
    userId: userIdOf(n),
    attemptId: null,
    recipient: userIdOf(n),
    mailbox: null,
    takes: 1,
    tries: 0,
    repeats: 0,
    merged: 0,
    mergedTraceparents: [],
    recordAt: null,
    traceparent: null,
    createdAt: new Date(0),
    ...fields,
  };
}
