import test from 'ava';
import { alignColumns } from './summary.ts';

test('pads all cells of a column to the widest one', (t) => {
  t.deepEqual(
    alignColumns([
      ['what', 'where'],
      ['gateway', 'x'],
    ]),
    ['what     where', 'gateway  x'],
  );
});
