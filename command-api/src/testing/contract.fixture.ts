import { type Operation, OPERATIONS, PROBLEM_STATUS, Problem } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import { Value } from 'typebox/value';

type Answered = {
  readonly statusCode: number;
  readonly json: () => unknown;
};

const operations: readonly Operation[] = Object.values(OPERATIONS);

/** Throws if the table of operations does not contain the answer. */
export function assertInContract(method: string, url: string, response: Answered): void {
  const operation = operations.find(
    (each) => each.method === method.toLowerCase() && isAt(each, url),
  );
  if (operation === undefined) return;
  const { statusCode } = response;
  const about = `${operation.id} answered ${statusCode}`;
  if (statusCode >= 400) {
    const { code } = Value.Parse(Problem, response.json());
    if (!operation.problems.includes(code)) throw new Error(`${about} ${code}`);
    if (PROBLEM_STATUS[code] !== statusCode) throw new Error(`${about} for ${code}`);
    return;
  }
  const answer = Object.entries(operation.answers).find(
    ([status]) => Number(status) === statusCode,
  );
  if (answer === undefined) throw new Error(about);
  const [, { body }] = answer;
  if (body !== undefined && createValidator(body)(response.json()) !== undefined) {
    throw new Error(`${about} with a body of another form`);
  }
}

function isAt({ path }: Operation, url: string): boolean {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url);
}
