/** CEL over items such as `3` and `0-7`, of which CPU lists and masks are made. */

/** The first number of an item that was found to be one. */
export function firstOf(item: string): string {
  return `int(${item}.split("-")[0])`;
}

/** The last number of an item; the only one of a single. */
export function lastOf(item: string): string {
  return `int(${item}.substring(${item}.lastIndexOf("-") + 1))`;
}
