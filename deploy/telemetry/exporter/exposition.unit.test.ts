import test from 'ava';
import { measure, renderFamilies } from './exposition.ts';

test('writes a name once, with the series of every source', (t) => {
  const up = (server: string) =>
    measure([['up', 'gauge', 'Whether it is up', () => 1]], [{ of: null, labels: { server } }]);
  t.is(
    renderFamilies([...up('n1'), ...up('n2')]),
    '# HELP up Whether it is up\n# TYPE up gauge\nup{server="n1"} 1\nup{server="n2"} 1\n',
  );
});

test('a label may have any character', (t) => {
  const [line] = renderFamilies([
    { name: 'size', type: 'gauge', help: 'a', samples: [{ labels: { of: 'a"\\\n' }, value: 1.5 }] },
  ])
    .split('\n')
    .slice(2);
  t.is(line, 'size{of="a\\"\\\\\\n"} 1.5');
});

test('a name without values is left out', (t) => {
  const families = measure(
    [['size', 'gauge', 'Size', (of: { size?: number }) => of.size]],
    [{ of: {}, labels: {} }],
  );
  t.is(renderFamilies(families), '');
});
