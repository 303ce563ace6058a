/**
 * Work out what follows from a value once, for as long as the value lives. Only for values that are never changed in
 * place, such as all that a session is made of.
 */
export function derived<Value extends object, Result>(
  workOut: (value: Value) => Result
): (value: Value) => Result {
  const known = new WeakMap<Value, Result>();
  return value => {
    let result = known.get(value);
    if (result === undefined) {
      result = workOut(value);
      known.set(value, result);
    }
    return result;
  };
}
