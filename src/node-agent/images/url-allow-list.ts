/** Which URLs this host may fetch: what its administrator lists, and nothing that a tenant can make of it. */
import { ImageError } from './image-error.ts';

/**
 * Checks a URL against prefixes such as `https://images.example.com/realtime/`. Scheme, host and port must be the same; the
 * path must be the prefix's or lie below it. Called again for every redirect.
 * @returns the parsed URL.
 * @throws ImageError `URL_NOT_ALLOWED` naming what would be accepted.
 */
export function requireAllowed(text: string, prefixes: readonly string[]): URL {
  const url = parseHttpUrl(text);
  if (url === undefined) throw new ImageError('URL_NOT_ALLOWED', `${JSON.stringify(text)} is not an http or https URL`);
  const name = `${url.origin}${url.pathname}`;
  if (url.username !== '' || url.password !== '') throw new ImageError('URL_NOT_ALLOWED', `${name}: credentials in a URL are not accepted`);
  // An encoded slash or backslash is one path segment here, and may be two on a server: `realtime/..%2fsecret`.
  if (/%(?:2f|5c)/i.test(url.pathname)) throw new ImageError('URL_NOT_ALLOWED', `${name}: encoded slashes and backslashes are not accepted`);
  if (prefixes.some((prefix) => isBelow(url, prefix))) return url;
  throw new ImageError('URL_NOT_ALLOWED', `${name} is not on this host's list of places to fetch images from; ${
    prefixes.length === 0 ? 'the list is empty: its administrator has to allow a URL prefix first, with --allow-url of the agent (or of rtvm run)' : `accepted: ${prefixes.join(', ')}; its administrator allows more with --allow-url`}`);
}

/** @throws ImageError `URL_NOT_ALLOWED` for an entry of the administrator's list that would allow nothing. */
export function requirePrefixes(prefixes: readonly string[]): void {
  const wrong = prefixes.find((prefix) => parseHttpUrl(prefix) === undefined);
  if (wrong === undefined) return;
  throw new ImageError('URL_NOT_ALLOWED', `${JSON.stringify(wrong)} in the list of places to fetch images from is not an http or https URL; accepted: prefixes such as "https://images.example.com/realtime/"`);
}

function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

function isBelow(url: URL, prefix: string): boolean {
  const allowed = parseHttpUrl(prefix);
  if (url.origin !== allowed?.origin) return false;
  const folder = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`;
  return url.pathname === allowed.pathname || url.pathname.startsWith(folder);
}
