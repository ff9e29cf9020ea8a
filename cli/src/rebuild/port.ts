import { type ReadModel, ReadModelsVersion, ReadModelsVersions } from '@zameni/contracts';
import type { OperatorClient } from '../operator/client.ts';

/** What operators read and request about versions of the read models. */
export type ReadModelsPort = {
  readonly list: () => Promise<ReadModelsVersions>;
  /** Begins a rebuild of some read models, or of all. */
  readonly start: (readModels: readonly ReadModel[] | undefined) => Promise<ReadModelsVersion>;
  readonly accept: (version: number, reason: string) => Promise<ReadModelsVersion>;
  readonly switchTo: (version: number) => Promise<ReadModelsVersion>;
  readonly drop: (version: number) => Promise<ReadModelsVersion>;
};

const PATH = '/v1/read-models';

/** The routes about versions of the read models. It throws CommandError. */
export function createReadModelsPort({ ask }: OperatorClient): ReadModelsPort {
  const post = (path: string, body?: object) => {
    const sent = body === undefined ? {} : { body };
    return ask({ method: 'POST', path: `${PATH}${path}`, ...sent, answer: ReadModelsVersion });
  };
  return {
    list: () => ask({ method: 'GET', path: PATH, answer: ReadModelsVersions }),
    start: (readModels) => post('', readModels === undefined ? {} : { readModels }),
    accept: (version, reason) => post(`/${version}/acceptances`, { reason }),
    switchTo: (version) => post(`/${version}/switches`),
    drop: (version) =>
      ask({ method: 'DELETE', path: `${PATH}/${version}`, answer: ReadModelsVersion }),
  };
}
