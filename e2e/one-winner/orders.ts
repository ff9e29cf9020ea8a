import { apply, type Model, type Step } from './model.ts';

/**
 * The models that remain when steps were sent at once and each was told what it was told: one for
 * each order in which they may have happened. None: no order explains it.
 */
export function explain(
  models: readonly Model[],
  told: readonly (readonly [step: Step, answer: string])[],
): Model[] {
  const remaining = models.flatMap((model) =>
    ordersOf(told).flatMap((order) => {
      const next = structuredClone(model);
      return order.every(([step, answer]) => apply(next, step) === answer) ? [next] : [];
    }),
  );
  return [...new Map(remaining.map((model) => [JSON.stringify(model), model])).values()];
}

function ordersOf<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, n) =>
    ordersOf(items.toSpliced(n, 1)).map((rest) => [first, ...rest]),
  );
}
