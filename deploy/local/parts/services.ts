import { DEADLINES } from '@zameni/runtime';
import { createOwned } from '../host/owners.ts';
import { withFiles } from '../profile/layout.ts';
import type { Service } from '../profile/scale.ts';
import { httpProbe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { type PartContext, nodeEnvironment } from './context.ts';
import { INBOX } from './inbox.ts';
import { securityLogFile } from './security-log-file.ts';
import { serviceEnvironment } from './service-environment.ts';
import { serviceProgram } from './service-program.ts';

/** One process of a service. */
export type ServiceProcess = {
  readonly service: Service;
  readonly name: string;
  readonly port: number;
};

/** Lists the processes of all services with their ports. */
export function serviceProcesses({ ports }: Pick<PartContext, 'ports'>): ServiceProcess[] {
  const list = (service: Service, numbers: readonly number[]) =>
    numbers.map((port, index) => ({ service, name: `${service}-${index + 1}`, port }));
  return [
    ...list('command-api', ports.commandApi),
    ...list('projector', ports.projector),
    ...list('query-api', ports.queryApi),
    ...list('mailer', ports.mailer),
  ];
}

/** Creates the service processes, each with the variables of its service only. */
export function serviceParts(context: PartContext, after: readonly string[]): ProcessPart[] {
  return serviceProcesses(context).map(({ service, name, port }): ProcessPart => {
    const own = serviceEnvironment(context, service);
    const runAs = withFiles(context.layout, context.users.of(service), own);
    const securityLog = securityLogFile(context.layout.logs, name);
    return {
      kind: 'process',
      name,
      // Otherwise the last mails of a stack that stops would be deferred.
      after: service === 'mailer' ? [...after, INBOX] : after,
      ...serviceProgram(service),
      env: {
        ...nodeEnvironment(runAs),
        ...own,
        ZAMENI_PORT: String(port),
        ZAMENI_INSTANCE: name,
        ZAMENI_SECURITY_LOG: securityLog,
      },
      ownLogs: [securityLog],
      runAs,
      // It may not create files beside it.
      prepare: () => createOwned(runAs, securityLog),
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: DEADLINES.stop },
      probe: httpProbe(`http://127.0.0.1:${port}/readyz`),
      readyDeadlineMs: 30_000,
      showsLines: true,
      mustDrain: true,
    };
  });
}
