type Method = (...args: unknown[]) => unknown;

type Answered = (error: Error | undefined, ...rest: unknown[]) => void;

/** Replaces a method of one object by one that calls it. */
export function replaceMethod(
  target: object,
  name: string,
  wrap: (original: Method) => Method,
): void {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new TypeError(`${name} is no method`);
  Reflect.set(
    target,
    name,
    wrap((...args): unknown => Reflect.apply(method, target, args)),
  );
}

/**
 * Calls a method that takes a callback or returns a promise, and notes its end before its caller
 * learns of it.
 */
export function watchCall(
  method: Method,
  args: unknown[],
  end: (error?: unknown) => void,
): unknown {
  const last = args.at(-1);
  if (isAnswered(last)) {
    args[args.length - 1] = (...[error, ...rest]: Parameters<Answered>) => {
      end(error ?? undefined);
      last(error, ...rest);
    };
    return method(...args);
  }
  const answer = method(...args);
  if (answer instanceof Promise) void answer.then(() => end(), end);
  return answer;
}

function isAnswered(value: unknown): value is Answered {
  return typeof value === 'function';
}
