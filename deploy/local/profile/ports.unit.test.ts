import test from 'ava';
import { claimPorts, layOutPorts } from './ports.ts';
import { MAX_PROCESSES, parseScale } from './scale.ts';

const full = parseScale(
  `command-api=${MAX_PROCESSES},query-api=${MAX_PROCESSES},projector=${MAX_PROCESSES},mailer=${MAX_PROCESSES}`,
);

test('gives every process its own port at the largest scale', (t) => {
  const ports = claimPorts(layOutPorts(8080, full), true).map(({ port }) => port);
  t.is(new Set(ports).size, ports.length);
});

test('the ports of the profiles do not overlap', (t) => {
  const local = new Set(claimPorts(layOutPorts(8080, full), true).map(({ port }) => port));
  const inBoth = claimPorts(layOutPorts(9080, full), true).filter(({ port }) => local.has(port));
  t.deepEqual(inBoth, []);
});

test('names the process that needs each port', (t) => {
  const claims = claimPorts(layOutPorts(8080, parseScale('command-api=2')), false);
  t.deepEqual(claims[0], { port: 8080, wantedBy: 'gateway' });
  t.deepEqual(claims[2], { port: 8101, wantedBy: 'command-api-2' });
});

test('claims the ports of telemetry only if it is on', (t) => {
  const ports = layOutPorts(8080, parseScale(''));
  const off = claimPorts(ports, false);
  const added = claimPorts(ports, true).slice(off.length);
  const sorted = (some: readonly number[]) => some.toSorted((left, right) => left - right);
  t.deepEqual(sorted(added.map(({ port }) => port)), sorted(Object.values(ports.telemetry)));
  t.false(off.some(({ port }) => added.some((claim) => claim.port === port)));
});
