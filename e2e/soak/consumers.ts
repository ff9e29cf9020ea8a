import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** The part of a NATS server's `/jsz?streams=1&consumers=1` that lists the consumers it leads. */
const Report = Type.Object({
  account_details: Type.Optional(
    Type.Array(
      Type.Object({
        stream_detail: Type.Array(
          Type.Object({
            consumer_detail: Type.Optional(Type.Array(Type.Object({ name: Type.String() }))),
          }),
        ),
      }),
    ),
  ),
});

/** Counts the consumers of the log, over all servers. */
export async function countConsumers(monitors: readonly string[]): Promise<number> {
  const names = new Set<string>();
  for (const monitor of monitors) {
    const address = `${monitor}/jsz?accounts=1&streams=1&consumers=1`;
    const report: unknown = await (await fetch(address)).json();
    if (!Value.Check(Report, report)) throw new Error('a report of NATS is not of our form');
    for (const { stream_detail: streams } of report.account_details ?? []) {
      for (const { consumer_detail: consumers } of streams) {
        for (const { name } of consumers ?? []) names.add(name);
      }
    }
  }
  return names.size;
}
