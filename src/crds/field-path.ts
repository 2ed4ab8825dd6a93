/** Field paths as people read them: `spec.disks[1].image`, `metadata.labels["rtvm.dev/realtime"]`. */

export type PathStep = string | number;

/** Writes steps as a path; empty for the document itself. */
export function formatPath(steps: readonly PathStep[]): string {
  return steps.map((step, index) => {
    if (typeof step === 'number') return `[${step}]`;
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
    return index === 0 ? step : `.${step}`;
  }).join('');
}

/** Reads what {@link formatPath} writes. */
export function parsePath(path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    const [, index, quoted, plain] = match;
    if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(JSON.parse(quoted) as string);
    else if (plain !== undefined) steps.push(plain);
  }
  return steps;
}
