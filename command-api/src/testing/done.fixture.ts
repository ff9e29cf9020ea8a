/** Throws if a step that a test builds on was refused. */
export function assertDone(answer: { readonly statusCode: number; readonly body: string }): void {
  const { statusCode, body } = answer;
  if (statusCode !== 201 && statusCode !== 202) throw new Error(`${statusCode} ${body}`);
}
