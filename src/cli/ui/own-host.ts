/**
 * Under which names the page may be asked for. A page of a stranger can point its own public name at our address (DNS
 * rebinding) and then read what we answer; names that no public DNS can hold are safe from that.
 */

/**
 * @param host the request's Host header
 * @param allowed further names, in lower case: those of an Ingress
 */
export function isOwnHost(host: string | undefined, allowed: readonly string[]): boolean {
  const match = /^(?:(\[[0-9a-f:.]+\])|([a-z0-9.-]+))(?::\d+)?$/.exec(host?.toLowerCase() ?? '');
  if (match === null) return false;
  const [, ipv6, name = ''] = match;
  return ipv6 !== undefined || /^\d+(?:\.\d+){3}$/.test(name) || !name.includes('.') || /\.(?:svc|localhost|cluster\.local)\.?$/.test(name) || allowed.includes(name);
}
