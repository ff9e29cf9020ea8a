import test from 'ava';
import { Fault } from '../errors.ts';
import { createDatabaseError } from '../testing/database-error.ts';
import { isRefusal } from './refusal.ts';

test('a statement is refused by a database that serves', (t) => {
  for (const code of ['42501', '42P01', '57014', '40001', '22023'])
    t.true(isRefusal(createDatabaseError(code)));
});

test('a database that cannot serve, and one that says nothing, refuses no statement', (t) => {
  for (const code of ['08P01', '53300', '57P01', '57P03', '58030'])
    t.false(isRefusal(createDatabaseError(code)));
  t.false(isRefusal(createDatabaseError()));
  t.false(isRefusal(new Fault('late')));
});
