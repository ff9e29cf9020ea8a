import test from 'ava';
import { createLogger } from '../process/logger.ts';
import { createRefusals, type Refusal } from './refusals.ts';

const refusal: Refusal = {
  method: 'GET',
  route: '/v1/users/{id}',
  status: 401,
  problem: 'unauthorized',
  traceId: '0'.repeat(32),
};

test('strangers and known callers have room of their own', (t) => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const refusals = createRefusals(
    createLogger({ service: 'test', instance: 'test', level: 'info', write }),
  );
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}');
  for (let n = 0; n < 1_000; n += 1) refusals.write(refusal);
  t.is(lines.length, 20);
  refusals.write({ ...refusal, status: 403, problem: 'forbidden', actor: 'app' });
  t.is(lines.length, 21);
  refusals[Symbol.dispose]();
  t.like(last(), { 'event.code': 'callers-refused', 'zameni.refused': 980 });
  t.is(last()['zameni.problem.code'], 'unauthorized');
  // Another turn has room again.
  refusals.write(refusal);
  t.is(last()['event.code'], 'caller-refused');
  refusals[Symbol.dispose]();
});
