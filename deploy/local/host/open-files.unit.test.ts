import test from 'ava';
import { GATEWAY_OPEN_FILES } from '../parts/gateway/config.ts';
import { findTooFewFiles } from './open-files.ts';

test('a limit below what the gateway needs is named with the remedy', (t) => {
  t.regex(
    findTooFewFiles('1024', 8_100) ?? '',
    /needs 8100 open files, and 1024 .+\n.+ulimit -n 8100/,
  );
  t.is(findTooFewFiles('8100', 8_100), null);
  t.is(findTooFewFiles('unlimited', 8_100), null);
});

test('the gateway needs two files for each connection, and some for itself', (t) => {
  t.true(GATEWAY_OPEN_FILES > 8_021, 'what HAProxy 2.6 asks for with 4,000 connections');
});
