/** Whether each of some can have one of its own, none of them twice. */

/** @param choices of each, what it may have. */
export function cellsCanBePaired(choices: readonly (readonly number[])[]): boolean {
  const taken = new Map<number, number>();
  const seat = (one: number, asked: Set<number>): boolean =>
    choices[one]!.some((choice) => {
      if (asked.has(choice)) return false;
      asked.add(choice);
      const holder = taken.get(choice);
      if (holder !== undefined && !seat(holder, asked)) return false;
      taken.set(choice, one);
      return true;
    });
  return choices.every((_, one) => seat(one, new Set()));
}
