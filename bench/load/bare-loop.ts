import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { MailOrder } from './bare-mailer.ts';

/** A running loop of nodemailer, a process of its own. */
export type BareLoop = AsyncDisposable & {
  readonly pid: number;
  /** Sends mails and returns the seconds that they took. */
  readonly send: (order: MailOrder) => Promise<number>;
};

const answerCheck = Compile(Type.Object({ seconds: Type.Number() }));
const program = join(import.meta.dirname, 'bare-mailer.ts');

/** Starts the loop. All its mails go to one SMTP server on loopback. */
export function startBareLoop(smtpPort: number): BareLoop {
  const child = fork(program, [`${smtpPort}`]);
  return {
    pid: child.pid ?? 0,
    send: async (order) => {
      const ending = new AbortController();
      const { signal } = ending;
      child.send(order);
      try {
        const [answer]: unknown[] = await Promise.race([
          once(child, 'message', { signal }),
          once(child, 'exit', { signal }),
        ]);
        if (!answerCheck.Check(answer)) throw new Error('the loop of nodemailer ended');
        return answer.seconds;
      } finally {
        ending.abort();
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
