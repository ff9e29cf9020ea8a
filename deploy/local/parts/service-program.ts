import { join } from 'node:path';
import type { CommandLine } from '../host/launch.ts';
import { REPOSITORY } from '../profile/names.ts';
import type { Service } from '../profile/scale.ts';

/** A service's program, and the folder it runs in. */
export type ServiceProgram = { readonly command: CommandLine; readonly cwd: string };

/** Returns the program of a service. The mailer is a role of the package of the projector. */
export function serviceProgram(service: Service): ServiceProgram {
  const isMailer = service === 'mailer';
  const main = isMailer ? 'src/mailer/main.ts' : 'src/main.ts';
  return {
    command: [process.execPath, main],
    cwd: join(REPOSITORY, isMailer ? 'projector' : service),
  };
}
