/** Downloads one file over http or https into a file, within a size and with every redirect checked. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../runtime/clock.ts';
import { Deadline } from '../../runtime/deadline.ts';
import { reasonOf } from '../host/host-root.ts';
import { ImageError, storageError } from './image-error.ts';
import { requireAllowed } from './url-allow-list.ts';

export interface DownloadOptions {
  /** The administrator's URL prefixes. */
  readonly allowed: readonly string[];
  readonly maxBytes: number;
  /** The longest time without a byte. */
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Called once the server says how much comes, before anything is written. */
  readonly onSize?: (bytes: number) => Promise<void>;
}

export interface Downloaded {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** As curl and browsers bound them, less generously. */
const maxRedirects = 5;

/**
 * Writes what the URL gives to the file, from its start.
 * @throws ImageError `URL_NOT_ALLOWED`, `DOWNLOAD_FAILED`, `IMAGE_TOO_LARGE`, `DISK_FULL`; an aborted signal's own reason.
 */
export async function download(url: string, file: FileHandle, options: DownloadOptions): Promise<Downloaded> {
  const stall = new Deadline(options.clock, options.signal, options.stallTimeoutMs);
  try {
    return await receive(await openBody(url, options, stall.signal), file, options, () => stall.extend(options.stallTimeoutMs));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof ImageError) throw error;
    const why = stall.hasPassed ? `no byte came for ${options.stallTimeoutMs / 1000} s` : networkReason(error);
    throw new ImageError('DOWNLOAD_FAILED', `${url} cannot be fetched: ${why}; check the URL and this host's way to it`, { cause: error });
  } finally {
    stall.end();
  }
}

async function openBody(url: string, options: DownloadOptions, signal: AbortSignal): Promise<Response> {
  let next = requireAllowed(url, options.allowed);
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    // Identity: the checksum and the limit are of the bytes as stored, not of a compressed transfer.
    const response = await fetch(next, { redirect: 'manual', headers: { 'accept-encoding': 'identity' }, signal });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      throw new ImageError('DOWNLOAD_FAILED', `${next.origin}${next.pathname} cannot be fetched: the server answers ${response.status} ${response.statusText}`.trimEnd());
    }
    next = requireAllowed(URL.parse(location, next.href)?.href ?? location, options.allowed);
  }
  throw new ImageError('DOWNLOAD_FAILED', `${url} cannot be fetched: more than ${maxRedirects} redirects`);
}

async function receive(response: Response, file: FileHandle, options: DownloadOptions, progress: () => void): Promise<Downloaded> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  requireWithin(announced, response.url, options);
  await options.onSize?.(announced);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    progress();
    bytes += chunk.length;
    requireWithin(bytes, response.url, options);
    hash.update(chunk);
    await writeAll(file, chunk);
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, written).catch((error: unknown) => { throw storageError('storing a downloaded image', error); });
    written += bytesWritten;
  }
}

function requireWithin(bytes: number, url: string, options: DownloadOptions): void {
  if (bytes > options.maxBytes) throw new ImageError('IMAGE_TOO_LARGE', `${url} is larger than the ${options.maxBytes} bytes that this host fetches at most`);
}

/** undici hides the reason in the cause: "fetch failed" ← "connect ECONNREFUSED 127.0.0.1:80". */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return reasonOf(cause);
}
