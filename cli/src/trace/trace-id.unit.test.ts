import test from 'ava';
import { UsageError } from '../framework/command.ts';
import { parseTraceId } from './trace-id.ts';

const id = '0af7651916cd43dd8448eb211c80319c';

test('takes an id in any case, alone or in a traceparent', (t) => {
  t.is(parseTraceId(id), id);
  t.is(parseTraceId(id.toUpperCase()), id);
  t.is(parseTraceId(`00-${id}-b7ad6b7169203331-01`), id);
});

test('refuses what is no id of a trace', (t) => {
  for (const text of [
    '',
    'abc',
    id.slice(1),
    `${id}0`,
    'g'.repeat(32),
    '0'.repeat(32),
    `../${id}`,
  ]) {
    t.throws(() => parseTraceId(text), { instanceOf: UsageError }, text);
  }
});
