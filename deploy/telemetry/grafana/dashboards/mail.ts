import { METRICS } from '@zameni/runtime/instruments';
import { JOBS } from '../../prometheus/jobs.ts';
import { labelOf, series } from '../../prometheus/own-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Dashboard } from '../dashboard.ts';
import { quantileOf, quantiles, shown, sumRate } from '../promql.ts';

const { mail } = METRICS;
const KIND = labelOf('zameni.mail.kind');
const OUTCOME = labelOf('zameni.mail.outcome');
const STATE = labelOf('zameni.mail.state');

/** Mails. */
export const MAIL: Dashboard = {
  key: 'mail',
  uid: 'zameni-mail',
  title: 'Zameni: mail',
  description: 'The ledger of mails, and how they are sent.',
  jobs: [JOBS.mailer],
  rows: [
    {
      title: 'Ledger',
      panels: [
        {
          key: 'oldest-due',
          id: 1,
          title: 'Oldest mail that is due',
          description: 'For how long it has been due; 0 if none is.',
          unit: 's',
          queries: [{ expr: `max(${series(mail.oldestDue)})`, legend: 'age' }],
          thresholds: [{ from: THRESHOLDS.mailDueSeconds, color: 'red' }],
          runbook: 'mail-stuck',
        },
        {
          key: 'states',
          id: 2,
          title: 'Mails by state',
          description: 'That wait, are being sent, or ended without being sent.',
          unit: 'short',
          queries: [
            {
              expr: `max by (${STATE}) (${series(mail.messages)})`,
              legend: shown('zameni.mail.state'),
            },
          ],
          runbook: 'mail-stuck',
        },
        {
          key: 'lag',
          id: 3,
          title: 'Lag of the mailer',
          description: 'Positions between its cursor and the head of the log.',
          unit: 'short',
          queries: [{ expr: `max(${series(mail.lag)})`, legend: 'records' }],
          thresholds: [{ from: THRESHOLDS.mailerLagRecords, color: 'red' }],
          runbook: 'mail-stuck',
        },
      ],
    },
    {
      title: 'Sending',
      panels: [
        {
          key: 'outcomes',
          id: 4,
          title: 'Outcomes of tries',
          description: 'Per second.',
          unit: 'ops',
          queries: [
            {
              expr: sumRate(series(mail.outcomes), [OUTCOME]),
              legend: shown('zameni.mail.outcome'),
            },
          ],
          runbook: 'mail-stuck',
        },
        {
          key: 'kinds',
          id: 5,
          title: 'Mails sent, by kind',
          description: 'Per second.',
          unit: 'ops',
          queries: [
            {
              expr: sumRate(series(mail.outcomes, { [OUTCOME]: 'sent' }), [KIND]),
              legend: shown('zameni.mail.kind'),
            },
          ],
        },
        {
          key: 'delay',
          id: 6,
          title: 'From the record to the mail server',
          description: 'Time until the mail server has taken the mail.',
          unit: 's',
          queries: quantiles(mail.delay, {}),
        },
        {
          key: 'send',
          id: 7,
          title: 'Time to hand a mail over, p99',
          description: 'To the mail server, by outcome.',
          unit: 's',
          queries: [
            {
              expr: quantileOf(0.99, mail.sendDuration, {}, ['zameni.mail.outcome']),
              legend: shown('zameni.mail.outcome'),
            },
          ],
          runbook: 'mail-stuck',
        },
      ],
    },
  ],
};
