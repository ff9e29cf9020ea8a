import test from 'ava';
import { Compile } from 'typebox/compile';
import { createOpenApi } from './openapi.ts';
import { OPERATIONS } from '../operations/table.ts';
import { rateLimitFields } from './rate-limit-fields.ts';
import type { Operation } from '../operations/operation.ts';

type Documented = {
  readonly paths: Record<
    string,
    Record<string, { readonly responses: Record<string, { readonly headers?: object }> }>
  >;
};

test('answers may state the limits exactly if the operation is limited', (t) => {
  const { paths } = JSON.parse(JSON.stringify(createOpenApi())) as Documented;
  const operations: readonly Operation[] = Object.values(OPERATIONS);
  for (const { id, path, method, problems } of operations) {
    const responses = Object.entries(paths[path]?.[method]?.responses ?? {});
    t.not(responses.length, 0, id);
    for (const [status, { headers = {} }] of responses) {
      if (status === '405') continue;
      t.is('RateLimit' in headers, problems.includes('rate-limited'), `${id} ${status}`);
      t.is('RateLimit-Policy' in headers, problems.includes('rate-limited'), `${id} ${status}`);
    }
  }
});

test('a refusal always states when to retry', (t) => {
  const { paths } = JSON.parse(JSON.stringify(createOpenApi())) as Documented;
  const { path, method } = OPERATIONS.registerPerson;
  t.like(paths[path]?.[method]?.responses['429']?.headers, { 'Retry-After': { required: true } });
});

const fits = test.macro(
  (t, name: keyof typeof rateLimitFields, text: string, expected: boolean) => {
    t.is(Compile(rateLimitFields[name].schema).Check(text), expected);
  },
);

test('one limit fits', fits, 'RateLimit', '"client";r=12;t=30', true);
test('two limits fit', fits, 'RateLimit', '"client";r=12;t=30, "mailbox";r=0;t=1', true);
test('a policy fits', fits, 'RateLimit-Policy', '"client";q=600;w=60', true);
test('a negative remainder does not fit', fits, 'RateLimit', '"client";r=-1;t=30', false);
