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

/** Values of two processes that fail in turn: one of both is active for a fifth of the time. */
const IN_TURN = {
  a: '1 0 0 0 0 0 0 0 0 0 '.repeat(12).trim(),
  b: '0 0 0 0 0 1 0 0 0 0 '.repeat(12).trim(),
} as const;

const stalled = (instance: string) => series(work.leaseStalled, { [WORK]: 'eraser', instance });
const failures = (instance: string) => series(work.leaseFailures, { [WORK]: 'eraser', instance });

function leaderCase(alert: string, name: string): AlertCase {
  return {
    alert,
    fires: { [active(name, 'a')]: '1x40 0x80', [active(name, 'b')]: '0x120' },
    alsoFires: { [active(name, 'a')]: IN_TURN.a, [active(name, 'b')]: IN_TURN.b },
    silent: [
      { [active(name, 'a')]: '0x120', [active(name, 'b')]: '1x120' },
      // Another one takes over within a minute and a half.
      { [active(name, 'a')]: '1x72 0x50', [active(name, 'b')]: '0x77 1x40' },
    ],
    everySeconds: 15,
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
  leaderCase('AuditorWithoutLeader', 'auditor'),
  {
    alert: 'WorkStalls',
    fires: { [stalled('projector-1')]: '1x90' },
    // They take the work over from each other, and each fails soon.
    alsoFires: { [stalled('projector-1')]: IN_TURN.a, [stalled('projector-2')]: IN_TURN.b },
    labels: { [WORK]: 'eraser' },
    silent: [
      { [stalled('projector-1')]: '0x90' },
      // Postgres was away for a minute.
      { [stalled('projector-1')]: '0x60 1x4 0x50' },
    ],
    everySeconds: 15,
  },
  {
    alert: 'WorkFails',
    fires: { [failures('projector-1')]: '0+0.1x60', [failures('projector-2')]: '0+0.1x60' },
    labels: { [WORK]: 'eraser' },
    silent: [
      { [failures('projector-1')]: '7x60' },
      // Postgres was away for a minute.
      { [failures('projector-1')]: '0x25 20x40', [failures('projector-2')]: '0x25 20x40' },
    ],
    atMinutes: 45,
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
