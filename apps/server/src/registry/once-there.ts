/**
 * Goes on with a value at once where it is at hand, and when it comes where it is not. Most of what is asked for is in
 * memory, and to wait for that takes more than to find it.
 */
export function onceThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
