import type { ExecutionContext } from 'ava';
import {
  createSmtpSender,
  type SmtpMessage,
  type SmtpSender,
  type SmtpSenderOptions,
} from './sender.ts';

/** Milliseconds of a wait that a test wants to end. */
export const SHORT_MS = 1_000;

/** Creates a sender without TLS, patient unless told otherwise. It is closed when the test ends. */
export function createTestSender(
  t: ExecutionContext,
  options: Partial<SmtpSenderOptions> & { readonly port: number },
): SmtpSender {
  const sender = createSmtpSender({
    host: '127.0.0.1',
    tls: 'none',
    connectMs: 10_000,
    greetingMs: 10_000,
    socketMs: 10_000,
    messageMs: 20_000,
    idleMs: 10_000,
    drainMs: 5_000,
    maxConnections: 3,
    maxWaiting: 100,
    slowMs: 5_000,
    maxSlow: 0,
    maxMessagesPerConnection: 100,
    ...options,
  });
  t.teardown(() => sender.close());
  return sender;
}

/** A mail, with differences. */
export function mailTo(to: string, other: Partial<SmtpMessage> = {}): SmtpMessage {
  return {
    id: '<one@example.org>',
    from: 'Library <noreply@example.org>',
    to,
    subject: 'Welcome',
    text: 'Hello\n.\nBye',
    html: '<p>Hello</p>',
    ...other,
  };
}

/** A text that does not fit into what the kernel keeps for a reader that has stopped. */
export function longText(): string {
  return `${'x'.repeat(70)}\n`.repeat(350_000);
}
