/**
 * @param asked names with spaces between them; undefined or empty for all.
 * @throws Error naming what there is: a night that runs nothing because of a slip of the pen would be lost.
 */
export function chosenSteps(asked: string | undefined, names: readonly string[]): readonly string[] {
  const chosen = (asked ?? '').split(/\s+/).filter((name) => name !== '');
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`NIGHTLY_STEPS names ${unknown.join(', ')}; accepted: ${names.join(', ')}`);
  return chosen.length === 0 ? names : chosen;
}
