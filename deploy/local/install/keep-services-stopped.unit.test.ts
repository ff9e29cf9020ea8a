import test from 'ava';
import { policyScript } from './keep-services-stopped.ts';

test('refuses the start of the named services only, and only while the installer lives', (t) => {
  const script = policyScript(['redis-server', 'haproxy'], 4711);
  t.regex(script, /^kill -0 4711 .*\|\| exit 0$/m);
  t.regex(script, /redis-server\|redis-server\.service.*haproxy.*\) exit 101 ;;/);
});
