import { Envelope } from '../events/envelope.ts';
import {
  clearSchemas,
  EVENT_NAMES,
  type EventName,
  eventVersions,
  personalSchemas,
} from '../events/schemas.ts';
import { eventType } from '../events/codec.ts';
import { API_VERSION } from './openapi.ts';
import {
  createSchemaComponents,
  type JsonObject,
  type SchemaComponents,
} from './schema-components.ts';
import { ACCOUNTS_STREAM, subjects } from '../log/topology.ts';

const DESCRIPTION = `The facts of every account, in one total order, kept permanently. Each message is a
CloudEvents 1.0 document in JSON (structured mode). Data that only the person's key
makes readable is in \`data.personal\`: base64 of nonce (12 bytes), AES-256-GCM ciphertext and tag
(16 bytes), under the person's own key, bound to the id, the type and the subject of the event. After
the key is destroyed, that part is permanently unreadable and the facts in clear stay.

A schema is never edited: a change of it is a new version in the \`type\`.`;

/** The summary of each event's message. */
const SUMMARIES: Readonly<Record<EventName, string>> = {
  registered: 'A person was registered',
  'email-verified': 'The mailbox was proven',
  'profile-updated': 'Name, locale or profile were changed',
  'email-change-requested': 'Another address was requested; its mailbox is not proven yet',
  'email-change-cancelled': 'The request for another address was cancelled',
  'email-changed': 'The mailbox of the new address was proven; the address took effect',
  deactivated: 'The person was deactivated',
  reactivated: 'The person was reactivated',
  erased: 'The person was erased: their key is destroyed, data encrypted under it is unreadable',
};

/** The AsyncAPI 3.0 document of the event stream. */
export function createAsyncApi(): JsonObject {
  const components = createSchemaComponents();
  const messages = EVENT_NAMES.map((name) => [messageName(name), toMessage(name, components)]);
  const references = EVENT_NAMES.map((name) => [
    messageName(name),
    { $ref: `#/components/messages/${messageName(name)}` },
  ]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Zameni event stream',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    channels: {
      account: {
        address: subjects.account('{userId}'),
        title: 'Events of one account',
        description: `Subjects of the JetStream stream \`${ACCOUNTS_STREAM.name}\`, one for each account.`,
        parameters: { userId: { description: 'The id of the account and its person, a UUID' } },
        messages: Object.fromEntries(references),
      },
    },
    operations: {
      appendAccountEvent: {
        action: 'send',
        title: 'Append an event',
        summary: 'The command API appends events; readers get them in the order of the stream.',
        channel: { $ref: '#/channels/account' },
        messages: EVENT_NAMES.map((name) => ({
          $ref: `#/channels/account/messages/${messageName(name)}`,
        })),
      },
    },
    components: { messages: Object.fromEntries(messages), schemas: components.all() },
  };
}

/** Returns the key of a message in the document: the name of the event and its version. */
function messageName(name: EventName): string {
  return `${name}.v${eventVersions[name]}`;
}

function toMessage(name: EventName, components: SchemaComponents): JsonObject {
  const personal = personalSchemas[name];
  const clear = clearSchemas[name];
  return {
    name: eventType(name),
    title: messageName(name),
    summary: SUMMARIES[name],
    description: describe(Object.keys(clear.properties), Object.keys(personal?.properties ?? {})),
    contentType: 'application/cloudevents+json',
    headers: {
      type: 'object',
      properties: { traceparent: { type: 'string', description: 'W3C trace context' } },
    },
    payload: components.refer(toPayload(name)),
    // The content of the ciphertext. A reader without the person's key never sees it.
    ...(personal === null ? {} : { 'x-encrypted': components.refer(titled(personal, name)) }),
  };
}

function describe(clear: readonly string[], personal: readonly string[]): string {
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const encrypted = personal.length === 0 ? 'nothing' : list(personal);
  const open = clear.length === 0 ? 'nothing' : list(clear);
  return `In clear: ${open}. Encrypted under the person's key: ${encrypted}.`;
}

/** The envelope with the type and the data of one event. */
function toPayload(name: EventName): object {
  const { properties, required = [] } = clearSchemas[name];
  const ciphertext = {
    type: 'string',
    contentEncoding: 'base64',
    description: 'Nonce, ciphertext and tag; the form of the plaintext is under x-encrypted',
  };
  const hasPersonal = personalSchemas[name] !== null;
  return {
    ...Envelope,
    title: `${messageName(name)}.event`,
    properties: {
      ...Envelope.properties,
      type: { type: 'string', const: eventType(name) },
      data: {
        type: 'object',
        required: hasPersonal ? [...required, 'personal'] : required,
        properties: hasPersonal ? { ...properties, personal: ciphertext } : properties,
        additionalProperties: false,
      },
    },
  };
}

function titled(schema: object, name: EventName): object {
  return { ...schema, title: `${messageName(name)}.personal` };
}
