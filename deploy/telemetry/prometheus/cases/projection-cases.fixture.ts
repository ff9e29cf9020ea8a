import { METRICS } from '@zameni/runtime/instruments';
import { labelOf, series } from '../own-series.ts';
import type { AlertCase } from './alert-case.fixture.ts';

const { projection, work, mail } = METRICS;
const WORK = labelOf('zameni.lease.work');
const STATE = labelOf('zameni.projection.state');
const OUTCOME = labelOf('zameni.mail.outcome');

const lag = series(projection.readModelLagDuration, { instance: 'query-api-1' });
const parked = series(projection.parkedSubjects, { [STATE]: 'live' });
const parkedInRebuild = series(projection.parkedSubjects, { [STATE]: 'building' });
const active = (name: string, instance: string) =>
  series(work.leaseActive, { [WORK]: name, instance });
const outcomes = (outcome: string) => series(mail.outcomes, { [OUTCOME]: outcome });
const oldestErasure = series(work.erasureOldest, { instance: 'projector-1' });

function leaderCase(alert: string, name: string): AlertCase {
  return {
    alert,
    fires: { [active(name, 'a')]: '1x10 0x20', [active(name, 'b')]: '0x30' },
    silent: [
      { [active(name, 'a')]: '0x30', [active(name, 'b')]: '1x30' },
      // Another one takes over within two minutes.
      { [active(name, 'a')]: '1x18 0x20', [active(name, 'b')]: '0x19 1x20' },
    ],
  };
}

/** When alerts about the projection fire. */
export const PROJECTION_CASES: readonly AlertCase[] = [
  {
    alert: 'ReadModelLags',
    fires: { [lag]: '0+60x30' },
    silent: [{ [lag]: '9x30' }, { [lag]: '0x18 60 120 0 0x10' }],
  },
  {
    alert: 'ReadModelLagUnknown',
    fires: { [lag]: '0x5 stale' },
    silent: [{ [lag]: '0x30' }],
  },
  leaderCase('ProjectionWithoutLeader', 'projection'),
  leaderCase('EraserWithoutLeader', 'eraser'),
  leaderCase('MailerWithoutLeader', 'mailer'),
  {
    alert: 'WorkStalls',
    fires: { [series(work.leaseStalled, { [WORK]: 'eraser', instance: 'projector-1' })]: '1x30' },
    labels: { [WORK]: 'eraser' },
    silent: [
      { [series(work.leaseStalled, { [WORK]: 'eraser', instance: 'projector-1' })]: '0x30' },
    ],
  },
  {
    alert: 'SubjectsParked',
    fires: { [parked]: '1x30' },
    silent: [{ [parked]: '0x30', [parkedInRebuild]: '5x30' }],
  },
  {
    alert: 'ManySubjectsParked',
    fires: { [parked]: '101x30' },
    silent: [{ [parked]: '100x30' }],
  },
  {
    alert: 'ErasureStuck',
    fires: { [oldestErasure]: '0+60x90' },
    silent: [{ [oldestErasure]: '0+60x50 0x40' }],
    atMinutes: 70,
  },
];

/** When alerts about mails fire. */
export const MAIL_CASES: readonly AlertCase[] = [
  {
    alert: 'MailStuck',
    fires: { [series(mail.oldestDue, { instance: 'mailer-1' })]: '0+60x30' },
    silent: [{ [series(mail.oldestDue, { instance: 'mailer-1' })]: '590x30' }],
  },
  {
    alert: 'MailsFail',
    fires: { [outcomes('sent')]: '0+5x30', [outcomes('abandoned')]: '0+5x30' },
    silent: [
      { [outcomes('sent')]: '0+50x30', [outcomes('abandoned')]: '0+5x30' },
      // Single wrong addresses on a quiet day.
      { [outcomes('sent')]: '0x30', [outcomes('abandoned')]: '0x10 3x20' },
    ],
  },
  {
    alert: 'MailerLags',
    fires: { [series(mail.lag, { instance: 'mailer-1' })]: '1001x30' },
    silent: [{ [series(mail.lag, { instance: 'mailer-1' })]: '999x30' }],
  },
];
