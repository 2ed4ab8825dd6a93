/** How long ago something was, as kubectl writes it. */

const units = [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]] as const;

/** `45s`, `3m`, `5h`, `12d`: the two largest units while the larger has few. */
export function formatAge(sinceMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  const index = units.findIndex(([, length]) => seconds >= length);
  if (index === -1) return '0s';
  const [unit, length] = units[index]!;
  const next = units[index + 1];
  const whole = Math.floor(seconds / length);
  const rest = next === undefined || whole >= mostWithRest ? 0 : Math.floor((seconds % length) / next[1]);
  return `${whole}${unit}${rest === 0 || next === undefined ? '' : `${rest}${next[0]}`}`;
}

/** Of ten hours the minutes say nothing. */
const mostWithRest = 10;

/** By the server's clock, which is the one that the cluster's times are of. */
export function ageOf(time: string | undefined, now: Date): string {
  return time === undefined ? '' : formatAge(Date.parse(time), now.getTime());
}
