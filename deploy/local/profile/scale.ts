import { StackError } from '../output/stack-error.ts';

/** The services that may run as several processes. */
export const SERVICES = ['command-api', 'projector', 'query-api', 'mailer'] as const;

/** The name of a service. */
export type Service = (typeof SERVICES)[number];

/** Number of processes of each service. */
export type Scale = Readonly<Record<Service, number>>;

/** Each service has a range of ten ports, and a laptop has few cores. */
export const MAX_PROCESSES = 8;

/** The service that a stack also works without. */
const DISPENSABLE: Service = 'mailer';

/**
 * Parses `command-api=2,query-api=2`. A service that is not named runs once. Without a mailer no
 * mail is sent.
 */
export function parseScale(text: string): Scale {
  const scale: Record<Service, number> = {
    'command-api': 1,
    projector: 1,
    'query-api': 1,
    mailer: 1,
  };
  const named = new Set<Service>();
  for (const part of text.split(',').filter((piece) => piece.trim() !== '')) {
    const [name = '', count = ''] = part.split('=').map((piece) => piece.trim());
    const service = SERVICES.find((known) => known === name);
    if (service === undefined) {
      throw new StackError(`--scale: no service "${name}". Services: ${SERVICES.join(', ')}.`);
    }
    if (named.has(service)) throw new StackError(`--scale: ${service} is named twice.`);
    named.add(service);
    const least = service === DISPENSABLE ? 0 : 1;
    if (!/^\d{1,3}$/.test(count) || Number(count) < least || Number(count) > MAX_PROCESSES) {
      throw new StackError(
        `--scale: ${service} needs a number from ${least} to ${MAX_PROCESSES}, as in ${service}=2.`,
      );
    }
    scale[service] = Number(count);
  }
  return scale;
}
