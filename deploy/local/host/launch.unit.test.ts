import test from 'ava';
import { wrapCommand } from './launch.ts';

const runAs = { uid: 101, gid: 104, groups: [] };

test('a program ends with its parent', (t) => {
  t.deepEqual(wrapCommand(['redis', 'x'], { setpriv: '/bin/setpriv', deathSignal: 'KILL' }), [
    '/bin/setpriv',
    '--pdeathsig',
    'KILL',
    '--',
    'redis',
    'x',
  ]);
});

test('starts a program directly if setpriv is missing', (t) => {
  t.deepEqual(wrapCommand(['redis'], { setpriv: null, deathSignal: 'KILL' }), ['redis']);
});

test('passes on one right of root, and only if folders are closed', (t) => {
  const line = (closed: boolean) =>
    wrapCommand(['postgres'], {
      setpriv: '/bin/setpriv',
      deathSignal: 'QUIT',
      runAs: { ...runAs, passClosedFolders: closed },
    }).join(' ');
  t.regex(line(false), /--reuid=101 --regid=104 --clear-groups --no-new-privs --pdeathsig QUIT/);
  t.notRegex(line(false), /caps/);
  t.regex(line(true), /--ambient-caps=\+dac_read_search/);
});

test('gives a program the groups of its user and no others', (t) => {
  const line = wrapCommand(['node'], {
    setpriv: '/bin/setpriv',
    deathSignal: 'KILL',
    runAs: { ...runAs, groups: [7, 9], passClosedFolders: false },
  });
  t.true(line.includes('--groups=7,9'));
  t.false(line.includes('--clear-groups'));
});
