import { UnreadableRecordError } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import test from 'ava';
import { toFaultReason } from './fault-reason.ts';

const personal = 'Person.1@example.org';

/** An error of a class that is known by its name only. */
function errorOf(name: string, message: string, fields: object = {}): Error {
  class Foreign extends Error {}
  return Object.assign(new Foreign(message), { name, ...fields });
}

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

const says = test.macro<[unknown, string]>({
  title: (what) => `an operator learns of ${what}`,
  exec: (t, thrown, reason) => {
    t.is(toFaultReason(thrown), reason);
  },
});

test(
  'a log that went silent',
  says,
  errorOf('LogReadError', 'the log went silent'),
  'LogReadError: the log went silent',
);
test(
  'a record that cannot be read',
  says,
  new UnreadableRecordError(7),
  `UnreadableRecordError: ${new UnreadableRecordError(7).message}`,
);
test('a leader that is behind', says, errorOf('StaleLeaderError', ''), 'StaleLeaderError');
test('a full log', says, new AppError('log-full'), 'AppError log-full');
test(
  'a timeout of the database',
  says,
  new Error('Query read timeout'),
  'Error: Query read timeout',
);
test(
  'a refused connection',
  says,
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  'Error ECONNREFUSED',
);
test(
  'a refusal by the database, without the row that it quotes',
  says,
  errorOf('error', `invalid input: "${personal}"`, { code: '22P02', severity: 'ERROR' }),
  'SQLSTATE 22P02',
);
test(
  'a refusal by the log, with what it caused',
  says,
  errorOf('ReplaceError', 'the log refuses', {
    cause: errorOf('JetStreamApiError', personal, { code: 10_071 }),
  }),
  'ReplaceError: the log refuses, caused by JetStreamApiError 10071',
);

for (const [what, thrown, reason] of [
  ['JSON.parse', thrownBy(() => JSON.parse(personal)), 'SyntaxError'],
  ['the language', thrownBy(() => BigInt(personal)), 'SyntaxError'],
  ['a plain error', new Error(personal), 'Error'],
  ['a library', errorOf('InvalidSubjectError', personal), 'InvalidSubjectError'],
  ['a thrown text', personal, 'a thrown string'],
  ['a strange code', errorOf('OtherError', personal, { code: personal }), 'OtherError'],
] as const) {
  test(`the text of ${what} is not shown`, (t) => {
    t.is(toFaultReason(thrown), reason);
  });
}

test('a circle of causes ends', (t) => {
  const error = new Error('first');
  error.cause = new Error('second', { cause: error });
  t.is(toFaultReason(error).split(', caused by ').length, 4);
});
