import test from 'ava';
import { claimPorts, layOutPorts } from './ports.ts';
import { MAX_PROCESSES, parseScale } from './scale.ts';

const full = parseScale(
  `command-api=${MAX_PROCESSES},query-api=${MAX_PROCESSES},projector=${MAX_PROCESSES},mailer=${MAX_PROCESSES}`,
);

test('gives every process its own port at the largest scale', (t) => {
  const ports = claimPorts(layOutPorts(8080, full)).map(({ port }) => port);
  t.is(new Set(ports).size, ports.length);
});

test('the ports of the profiles do not overlap', (t) => {
  const local = new Set(claimPorts(layOutPorts(8080, full)).map(({ port }) => port));
  const inBoth = claimPorts(layOutPorts(9080, full)).filter(({ port }) => local.has(port));
  t.deepEqual(inBoth, []);
});

test('names the process that needs each port', (t) => {
  const claims = claimPorts(layOutPorts(8080, parseScale('command-api=2')));
  t.deepEqual(claims[0], { port: 8080, wantedBy: 'gateway' });
  t.deepEqual(claims[2], { port: 8101, wantedBy: 'command-api-2' });
});
