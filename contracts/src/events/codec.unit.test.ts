import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import {
  decodeEvent,
  encodeEvent,
  encodePersonal,
  eventType,
  openEvent,
  UnreadableEventError,
  UnwritableEventError,
} from './codec.ts';
import type { Envelope } from './envelope.ts';
import { type AccountEvent, DISOWNED, EVENT_NAMES, eventVersions } from './schemas.ts';

type Golden = {
  readonly envelope: Envelope;
  readonly personal: Record<string, unknown> | null;
  readonly event: AccountEvent;
};

function readGolden(name: string, version: number, variant = ''): Golden {
  const path = new URL(`golden/${name}.v${version}${variant}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8'));
}

for (const name of EVENT_NAMES) {
  for (let version = 1; version <= eventVersions[name]; version += 1) {
    test(`${name} version ${version} decodes to the current version`, (t) => {
      const { envelope, personal, event } = readGolden(name, version);
      const stored = decodeEvent(JSON.stringify(envelope));
      const plaintext = personal === null ? null : JSON.stringify(personal);
      t.deepEqual(openEvent(stored, plaintext), event);
      t.is(stored.type, envelope.type);
      t.is(stored.metadata.id, envelope.id);
      t.deepEqual(stored.metadata.actor, { type: envelope.actortype, id: envelope.actorid });
    });
  }

  test(`${name} is encoded as its current golden file`, (t) => {
    const { envelope, event } = readGolden(name, eventVersions[name]);
    const stored = decodeEvent(JSON.stringify(envelope));
    t.deepEqual(JSON.parse(encodeEvent(stored.metadata, event, stored.personal)), envelope);
    t.is(eventType(name), envelope.type);
  });
}

const variants = {
  'an import without mail': ['registered', 'imported', { mail: 'none' }],
  'a change of address that proves the first mailbox': [
    'email-changed',
    'first-proof',
    { firstProof: { locale: 'sr-Latn-RS' } },
  ],
  'a disowned account': ['deactivated', 'disowned', { address: 'released', reasonCode: DISOWNED }],
} as const;
for (const [variantName, [name, variant, data]] of Object.entries(variants)) {
  test(`${variantName} keeps its attributes`, (t) => {
    const { envelope, personal, event } = readGolden(name, 1, `.${variant}`);
    const stored = decodeEvent(JSON.stringify(envelope));
    const plaintext = personal === null ? null : JSON.stringify(personal);
    t.deepEqual(openEvent(stored, plaintext), event);
    t.deepEqual(JSON.parse(encodeEvent(stored.metadata, event, stored.personal)), envelope);
    t.like(stored.data, data);
  });
}

test('there is a golden file for each version and for nothing else', (t) => {
  const ofVersions = EVENT_NAMES.flatMap((name) =>
    Array.from({ length: eventVersions[name] }, (_, n) => `${name}.v${n + 1}.json`),
  );
  const ofVariants = Object.values(variants).map(([name, variant]) => `${name}.v1.${variant}.json`);
  const files = readdirSync(new URL('golden/', import.meta.url));
  t.deepEqual(files.toSorted(), [...ofVersions, ...ofVariants].toSorted());
});

const { envelope } = readGolden('registered', 1);

const refuses = test.macro<[string]>({
  title: (title = '') => `refuses ${title}`,
  exec: (t, text) => {
    const error = t.throws(() => decodeEvent(text), { instanceOf: UnreadableEventError });
    t.false(error?.message.includes('vera'));
  },
});

test('what is not JSON', refuses, '{');
test('JSON that is not an object', refuses, 'null');
test('JSON that is no envelope', refuses, '[]');
test('an unknown event', refuses, JSON.stringify({ ...envelope, type: 'zameni.account.born.v1' }));
test(
  'a version that does not exist yet',
  refuses,
  JSON.stringify({ ...envelope, type: 'zameni.account.registered.v9' }),
);
test(
  'a version that never existed',
  refuses,
  JSON.stringify({ ...envelope, type: 'zameni.account.registered.v0' }),
);
test('data of another form', refuses, JSON.stringify({ ...envelope, data: { locale: 'de' } }));
test(
  'data with a declared field of another form',
  refuses,
  JSON.stringify({ ...envelope, data: { ...envelope.data, emailVerified: 'vera' } }),
);
test(
  'personal data that is not ciphertext',
  refuses,
  JSON.stringify({ ...envelope, data: { ...envelope.data, personal: {} } }),
);

test('an event with fields of a later version is read without them', (t) => {
  for (const [name, variant] of [
    ['registered', ''],
    ['email-changed', '.first-proof'],
    ['erased', ''],
  ] as const) {
    const { envelope, personal, event } = readGolden(name, 1, variant);
    const { firstProof, ...data } = envelope.data;
    const nested = firstProof === undefined ? {} : { firstProof: { ...firstProof, by: 'link' } };
    const next = {
      ...envelope,
      region: 'eu',
      data: { ...data, ...nested, channel: 'app' },
    };
    const stored = decodeEvent(JSON.stringify(next));
    const plaintext = personal && JSON.stringify({ ...personal, phone: '123' });
    t.deepEqual(openEvent(stored, plaintext), event, name);
  }
});

test('a value of the profile that only a later version knows is refused, not left out', (t) => {
  const { personal } = readGolden('registered', 1);
  const stored = decodeEvent(JSON.stringify(envelope));
  for (const profile of [{ tags: ['a'] }, { 'Not a name': 1 }]) {
    const plaintext = JSON.stringify({ ...personal, profile });
    t.throws(() => openEvent(stored, plaintext), { instanceOf: UnreadableEventError });
  }
});

test('an error says whether a later version wrote the event', (t) => {
  const isNewer = (type: string) => {
    const text = JSON.stringify({ ...envelope, type });
    return t.throws(() => decodeEvent(text), { instanceOf: UnreadableEventError })?.isNewer;
  };
  t.true(isNewer('zameni.account.registered.v9'));
  t.true(isNewer('zameni.account.nicknamed.v1'));
  t.false(isNewer('zameni.account.registered.v0'));
  t.false(t.throws(() => decodeEvent('{'), { instanceOf: UnreadableEventError })?.isNewer);
});

test('refuses to encode an event that could not be decoded', (t) => {
  const { event } = readGolden('registered', 1);
  const { metadata } = decodeEvent(JSON.stringify(envelope));
  const long = { ...metadata, actor: { type: 'caller', id: 'x'.repeat(257) } } as const;
  t.throws(() => encodeEvent(long, event, 'x'), { instanceOf: UnwritableEventError });
  const locale = { ...event, data: { ...event.data, locale: 'x'.repeat(36) } } as typeof event;
  t.throws(() => encodeEvent(metadata, locale, 'x'), { instanceOf: UnwritableEventError });
  const nameless = { ...event, personal: { ...event.personal, displayName: '' } } as typeof event;
  t.throws(() => encodePersonal(nameless), { instanceOf: UnwritableEventError });
});

test('refuses to open an event without its personal data', (t) => {
  const stored = decodeEvent(JSON.stringify(envelope));
  t.throws(() => openEvent(stored, null), { instanceOf: UnreadableEventError });
  for (const text of ['null', '[]', '{"email":vera']) {
    const error = t.throws(() => openEvent(stored, text), { instanceOf: UnreadableEventError });
    t.is(error?.cause, undefined, 'the cause would quote the text');
  }
  t.throws(() => openEvent(stored, '{"email":"vera@example.org"}'), {
    instanceOf: UnreadableEventError,
  });
});
