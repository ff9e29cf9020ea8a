import test from 'ava';
import { isAtLeast, readVersion } from './version.ts';

const reads = test.macro((t, text: string, expected: string) => {
  t.is(readVersion(text), expected);
});

test('reads what nats-server prints', reads, 'nats-server: v2.15.1', '2.15.1');
test('reads what postgres prints', reads, 'postgres (PostgreSQL) 15.18 (Debian 1)', '15.18');
test('reads what redis prints', reads, 'Redis server v=7.0.15 sha=00000000:0', '7.0.15');
test('reads what haproxy prints', reads, 'HAProxy version 2.6.12-1+deb12u2', '2.6.12');
test(
  'reads what the exporter of redis prints',
  reads,
  'time="2026-04-09T10:15:07Z" level=info msg="Redis Metrics Exporter 1.45.0-2+b4    build date: 20230409"',
  '1.45.0',
);
test('reads a version of one number', reads, 'postgres (PostgreSQL) 18', '18');

const compares = test.macro((t, version: string, minimum: string, expected: boolean) => {
  t.is(isAtLeast(version, minimum), expected);
});

test('takes the minimum itself', compares, '2.14.6', '2.14.6', true);
test('compares numbers, not letters', compares, '2.9.10', '2.14.6', false);
test('takes a higher first number', compares, '3.0', '2.14.6', true);
test('counts missing numbers as zero', compares, '2.14', '2.14.6', false);
test('takes any minor version of a major', compares, '15.18', '15', true);
