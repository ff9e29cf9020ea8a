import { registerHooks } from 'node:module';

/**
 * Preloaded into a service: makes it one of the next version of Zameni, as far as the log shows. With
 * `fields` it writes every record with a field that today's schemas do not have. With `events` it
 * writes `registered` in version 2, and reads both versions.
 */
type Patch = { readonly file: string; readonly now: string; readonly next: string };

const PATCHES: Readonly<Record<string, readonly Patch[]>> = {
  fields: [
    {
      file: '/contracts/src/events/codec.ts',
      now: 'data: { ...event.data,',
      next: "data: { ...event.data, channel: 'app',",
    },
    {
      file: '/contracts/src/events/codec.ts',
      now: 'return JSON.stringify(event.personal);',
      next: "return JSON.stringify({ ...event.personal, phone: '+381' });",
    },
    {
      file: '/command-api/src/commit/event-messages.ts',
      now: 'const data = JSON.stringify(change.record);',
      next: "const data = JSON.stringify({ ...change.record, since: '2027' });",
    },
    {
      file: '/runtime/src/keys/data-keys.ts',
      now: 'return { kek: id,',
      next: "return { cipher: 'aes-256-gcm', kek: id,",
    },
    {
      file: '/runtime/src/keys/attempt-keys.ts',
      now: '...attempt,\n        key: day,',
      next: "...attempt, channel: 'app',\n        key: day,",
    },
  ],
  events: [
    { file: '/contracts/src/events/schemas.ts', now: '  registered: 1,', next: '  registered: 2,' },
  ],
};

const patches = PATCHES[process.env.TEST_NEXT_VERSION ?? ''] ?? [];

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    const wanted = patches.filter(({ file }) => url.endsWith(file));
    if (wanted.length === 0) return loaded;
    const read = loaded.source ?? '';
    const text = typeof read === 'string' ? read : new TextDecoder().decode(read);
    const source = wanted.reduce((before, { file, now, next }) => {
      // A process of today's version would prove nothing.
      if (!before.includes(now)) throw new Error(`${file} has changed`);
      return before.replace(now, next);
    }, text);
    return { ...loaded, source };
  },
});
