/** How the API server merges lists and mappings, and which fields tell the items of a list apart; put on schemas with `.meta()`. */

/** A list whose items are told apart by fields: merged one by one, and refused where two are the same. */
export function keyedBy(...keys: readonly string[]): Readonly<Record<string, unknown>> {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

/** A list of values that may each stand once. */
export const eachOnce: Readonly<Record<string, unknown>> = { 'x-kubernetes-list-type': 'set' };

/** A mapping that has one writer as a whole: half of one writer's and half of another's makes no sense. */
export const writtenWhole: Readonly<Record<string, unknown>> = { 'x-kubernetes-map-type': 'atomic' };
