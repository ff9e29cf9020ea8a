import { goFirst } from './cpu-priority.ts';
import { toMailLagTable, toMailTable } from './mail-report.ts';
import { MAILER, measureMail } from './measurements/mail.ts';
import { measureMailLag } from './measurements/mail-lag.ts';
import { printedToken } from './print-token.ts';
import { describeMachine } from './report.ts';
import type { Settings } from './settings.ts';

/** Measures the mailer beside a loop of nodemailer, and the lag of its mails at half of its rate. */
export async function runMail({ terminal, stack, seconds, ...settings }: Settings): Promise<void> {
  const token = await printedToken();
  const figures = await measureMail({
    ...settings,
    stack,
    token,
    onFigure: ({ way, mails, seconds: took }) => {
      const rate = (mails / took).toFixed(0).padStart(5);
      terminal.line(`${way.padEnd(20)} ${mails} mails  ${took.toFixed(1)} s  ${rate}/s`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toMailTable(figures)}`);
  const rates = figures
    .filter(({ way }) => way === MAILER)
    .map(({ mails, seconds: took }) => mails / took)
    .toSorted((a, b) => a - b);
  const rate = (rates[Math.floor((rates.length - 1) / 2)] ?? 0) / 2;
  if (!goFirst()) terminal.line('the load program has no priority over the stack (needs root)');
  const lag = await measureMailLag({ stack, token, rate, seconds: 2 * seconds });
  terminal.line(`\n${toMailLagTable([lag])}`);
}
