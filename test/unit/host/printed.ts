/** A value as JSON prints it, bigints as decimal text: comparing two `CpuSet`s with `toEqual` compares nothing, since their members are private. */
export function printed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)));
}
