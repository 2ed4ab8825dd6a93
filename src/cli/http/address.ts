/** Where a process listens, as the command line says it: `0.0.0.0:8080`, `[::]:8080`, or `:8080` for every address. */

export interface ListenAddress {
  /** Absent: every address of the host. */
  readonly host?: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** @returns undefined where the text is no address with a port. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return undefined;
  const host = match[1] ?? match[2] ?? '';
  return { ...(host === '' ? {} : { host }), port: Number(match[3]) };
}
