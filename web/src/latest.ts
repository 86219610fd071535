/**
 * Make `work` run at most once at a time: what is asked meanwhile waits, and of what waits only the latest is done.
 *
 * So a drag asks as fast as answers come, and its last position is always answered.
 */
export function latest<A extends unknown[], R>(
  work: (...asked: A) => Promise<R>,
  done: (result: R, ...asked: A) => void,
  failed: (error: Error) => void = () => undefined,
): (...asked: A) => void {
  let waiting: A | null = null;
  let busy = false;
  return async function run(...asked: A): Promise<void> {
    waiting = asked;
    if (busy) return;
    busy = true;
    while (waiting) {
      const now: A = waiting;
      waiting = null;
      try {
        done(await work(...now), ...now);
      } catch (error) {
        failed(error as Error);
      }
    }
    busy = false;
  };
}

/** Call `work` once things have been quiet for `wait` milliseconds. */
export function settled<A extends unknown[]>(work: (...asked: A) => void, wait: number): (...asked: A) => void {
  let timer = 0;
  return (...asked) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...asked), wait) as unknown as number;
  };
}

/** A promise per key, made once; the oldest are forgotten beyond `size`, and so is what failed. */
export function remember<T>(size: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, make) => {
    const promise = kept.get(key) ?? make();
    kept.delete(key);
    kept.set(key, promise);
    promise.catch(() => kept.delete(key));
    if (kept.size > size) kept.delete(kept.keys().next().value as string);
    return promise;
  };
}
