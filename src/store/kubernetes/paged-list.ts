/** All objects of a list, fetched in pages so that no answer is huge, and all as of one moment. */
import { StoreError } from '../errors.ts';
import { ExpiredError, quote } from './api-error.ts';
import type { ApiTarget } from './api-resource.ts';
import { asWireObject } from './decode.ts';
import type { WireObject } from './decode.ts';
import type { Rest } from './rest.ts';

/** As client-go has it. */
const pageSize = 500;

export interface Selectors {
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface Listed {
  readonly items: readonly WireObject[];
  /** Of the moment: a watch from here misses nothing. */
  readonly resourceVersion: string;
}

/**
 * The newest state, never a cached one.
 * @throws StoreError as the server refused.
 */
export async function listAll(rest: Rest, target: ApiTarget, selectors: Selectors, signal: AbortSignal | undefined): Promise<Listed> {
  try {
    return await listPages(rest, target, selectors, pageSize, signal);
  } catch (error) {
    if (!(error instanceof ExpiredError)) throw error;
    // The moment of the first page was compacted away before the last one came: only a single page cannot expire.
    return await listPages(rest, target, selectors, undefined, signal);
  }
}

async function listPages(rest: Rest, target: ApiTarget, selectors: Selectors, limit: number | undefined, signal: AbortSignal | undefined): Promise<Listed> {
  const items: WireObject[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...selectors, limit: limit?.toString(), continue: next };
    const page = asPage(await rest.json({ verb: 'list', target, query }, { signal }));
    for (const item of page.items) items.push(asWireObject(item));
    next = page.metadata.continue === '' ? undefined : page.metadata.continue;
    if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

function asPage(value: unknown): Page {
  if (isPage(value)) return value;
  throw new StoreError('UNAVAILABLE', `the API server's answer is not a list: ${quote(value)}`);
}

function isPage(value: unknown): value is Page {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)
    && 'metadata' in value && typeof value.metadata === 'object' && value.metadata !== null
    && 'resourceVersion' in value.metadata && typeof value.metadata.resourceVersion === 'string';
}
