import { registerHooks } from 'node:module';

/**
 * Preloaded into a projector: its fold of people throws for the display name in this variable, as if
 * a fault had been deployed.
 */
const FOLD = '/projector/src/read-models/users/fold.ts';
const HEALTHY = 'const { event } = projected;';
const name = JSON.stringify(process.env.PLANTED_DISPLAY_NAME);
const BUG = `if (event.personal?.displayName === ${name}) throw new Error('planted by a test');`;

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(FOLD)) return loaded;
    const read = loaded.source ?? '';
    const source = typeof read === 'string' ? read : new TextDecoder().decode(read);
    // A process without the bug would prove nothing.
    if (!source.includes(HEALTHY)) throw new Error('the fold has changed');
    return { ...loaded, source: source.replace(HEALTHY, `${HEALTHY} ${BUG}`) };
  },
});
