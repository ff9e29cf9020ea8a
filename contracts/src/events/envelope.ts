import { type Static, Type } from 'typebox';
import { Timestamp, Uuid } from '../identifiers.ts';

/**
 * CloudEvents 1.0 envelope in JSON format with Zameni's extension attributes, whose names are in
 * lower case and whose values are simple, as the specification requires. `data` holds facts in
 * clear and, under `personal`, the person's data as base64 of nonce, AES-256-GCM ciphertext and
 * tag.
 */
export const Envelope = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Uuid,
    source: Type.String({ minLength: 1 }),
    type: Type.String({ pattern: '^zameni\\.account\\.[a-z-]+\\.v[1-9][0-9]{0,3}$' }),
    subject: Uuid,
    time: Timestamp,
    datacontenttype: Type.Literal('application/json'),
    causationid: Type.String({ minLength: 1, maxLength: 64 }),
    actortype: Type.Enum(['anonymous', 'caller', 'system']),
    actorid: Type.String({ minLength: 1, maxLength: 256 }),
    accountversion: Type.Integer({ minimum: 1 }),
    data: Type.Record(Type.String(), Type.Unknown()),
  },
  { title: 'Envelope' },
);
export type Envelope = Static<typeof Envelope>;

/** What caused an event: the public, a caller with a token (its `sub`), or Zameni itself. */
export type Actor = { readonly type: Envelope['actortype']; readonly id: string };
