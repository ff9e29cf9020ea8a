import test from 'ava';
import { eventLogSuite } from './event-log.suite.ts';
import { createMemoryLog } from './event-log-memory.ts';

eventLogSuite(test, 'memory', async () => ({
  log: createMemoryLog(),
  subject: (name) => `zameni.account.${name}`,
  filter: 'zameni.account.*',
}));
