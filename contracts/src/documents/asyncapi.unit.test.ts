import { readdirSync, readFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv, type AnySchema } from 'ajv';
import test from 'ava';
import type { Envelope } from '../events/envelope.ts';
import { createAsyncApi } from './asyncapi.ts';

type Reference = { readonly $ref: string };
type Document = {
  readonly channels: Record<string, { readonly messages: Record<string, Reference> }>;
  readonly components: {
    readonly messages: Record<
      string,
      { readonly name: string; readonly payload: Reference; readonly 'x-encrypted'?: Reference }
    >;
  };
};
type Golden = { readonly envelope: Envelope; readonly personal: unknown };

// The document is JSON; the meta-schema has checked its form.
const document = JSON.parse(JSON.stringify(createAsyncApi())) as Document;
const messages = Object.values(document.components.messages);
const golden = new URL('../events/golden/', import.meta.url);

test('conforms to the official schema of AsyncAPI 3.0', (t) => {
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateFormats: false });
  const check = ajv.compile(specs.schemasWithoutId['3.0.0'] as AnySchema);
  t.true(check(document), ajv.errorsText(check.errors));
  t.false(check({ ...document, channels: { account: { address: 7 } } }));
});

test('every message of the channel is described', (t) => {
  const listed = Object.values(document.channels).flatMap((channel) =>
    Object.values(channel.messages).map(({ $ref }) => $ref.replace('#/components/messages/', '')),
  );
  t.deepEqual(listed, Object.keys(document.components.messages));
});

for (const file of readdirSync(golden)) {
  test(`the event of golden/${file} fits the message of its type and no other`, (t) => {
    const text = readFileSync(new URL(file, golden), 'utf8');
    const { envelope, personal } = JSON.parse(text) as Golden;
    const fitting = messages.filter(({ payload }) => isValid(payload, envelope));
    t.deepEqual(
      fitting.map(({ name }) => name),
      [envelope.type],
    );
    const encrypted = fitting[0]?.['x-encrypted'];
    t.is(encrypted === undefined, personal === null);
    if (encrypted !== undefined) t.true(isValid(encrypted, personal));
    t.false(isValid(fitting[0]?.payload ?? { $ref: '' }, { ...envelope, data: { email: 'x' } }));
  });
}

function isValid({ $ref }: Reference, value: unknown): boolean {
  const ajv = new Ajv({ strict: false });
  return ajv.compile({ $ref, components: document.components })(value);
}
