import { join } from 'node:path';
import type { Users } from '../host/users.ts';
import type { Layout } from '../profile/layout.ts';
import { type Profile, REPOSITORY } from '../profile/names.ts';
import type { Ports } from '../profile/ports.ts';
import { httpProbe, tcpProbe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { nodeEnvironment } from './context.ts';

/** The name of the process that takes the mailer's mails. */
export const INBOX = 'inbox';

/** What the inbox is made from. */
export type InboxContext = {
  readonly profile: Profile;
  readonly ports: Pick<Ports, 'inboxSmtp' | 'inboxWeb' | 'testSmtp'>;
  readonly layout: { readonly servers: Pick<Layout['servers'], 'inbox'> };
  readonly users: Pick<Users, 'of'>;
};

/** Without these bounds the garbage of an import would make it twice as large. */
const HEAP = ['--max-old-space-size=192', '--max-semi-space-size=8'] as const;

/** Whether a profile keeps mails for people to read. Tests and benchmarks make too many. */
export function keepsMails(profile: Profile): boolean {
  return profile === 'local';
}

/** Creates the SMTP server that every mail of the stack ends in. It passes nothing on. */
export function inboxPart({ profile, ports, layout, users }: InboxContext): ProcessPart {
  const folder = join(REPOSITORY, 'deploy', 'local', 'inbox');
  const { inboxSmtp, inboxWeb, testSmtp } = ports;
  const runAs = users.of('inbox');
  const keeping = ['main.ts', `${inboxSmtp}`, `${inboxWeb}`, layout.servers.inbox];
  const discarding = ['discard-main.ts', `${inboxSmtp}`, `${testSmtp}`];
  return {
    kind: 'process',
    name: INBOX,
    after: [],
    command: [process.execPath, ...HEAP, ...(keepsMails(profile) ? keeping : discarding)],
    cwd: folder,
    env: nodeEnvironment(runAs),
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: keepsMails(profile)
      ? httpProbe(`http://127.0.0.1:${inboxWeb}/api/healthz`)
      : tcpProbe(inboxSmtp),
    readyDeadlineMs: 30_000,
    showsLines: false,
    mustDrain: false,
  };
}
