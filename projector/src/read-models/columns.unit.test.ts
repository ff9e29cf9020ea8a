import test from 'ava';
import { columnOf, toColumns } from './columns.ts';

test('a column is named for its field', (t) => {
  t.is(columnOf('email'), 'email');
  t.is(columnOf('registeredAt'), 'registered_at');
});

test('the columns of a row keep their values, also the names inside them', (t) => {
  const row = { userId: 'a', profile: { newsLetter: true }, claim: null };
  t.deepEqual(toColumns(row), { user_id: 'a', profile: { newsLetter: true }, claim: null });
});
