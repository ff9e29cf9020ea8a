import { apply, type Model, type Step } from './model.ts';

/**
 * The models that explain the answers to concurrent steps, one for each possible order. Empty if no
 * order explains them.
 */
export function explain(
  models: readonly Model[],
  answered: readonly (readonly [step: Step, answer: string])[],
): Model[] {
  const remaining = models.flatMap((model) =>
    ordersOf(answered).flatMap((order) => {
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
