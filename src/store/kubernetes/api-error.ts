/** What the API server refuses, as a StoreError with a sentence for a person. */
import { ConflictError, StoreError } from '../errors.ts';
import { apiVersionOf, describeTarget, qualifiedPlural, resourceOf } from './api-resource.ts';
import type { ApiTarget } from './api-resource.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** The resource version that was asked for is too old to go on from: list anew. */
export class ExpiredError extends Error {
  override readonly name = 'ExpiredError';
  readonly code = 'EXPIRED';
}

/** The `Status` object of a refusal, as far as it is read. */
export interface ApiStatus {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly details?: {
    readonly name?: string | undefined;
    readonly retryAfterSeconds?: number | undefined;
    readonly causes?: readonly { readonly field?: string | undefined; readonly message?: string | undefined; readonly reason?: string | undefined }[] | undefined;
  } | undefined;
}

/** Reads a `Status` from a body; anything else (a proxy's page) becomes one that quotes its beginning. */
export function parseStatus(body: string): ApiStatus {
  try {
    const value: unknown = JSON.parse(body);
    if (isStatus(value)) return value;
  } catch {
    // Not JSON: quoted below.
  }
  return { message: quote(body.trim()) };
}

/** The beginning of something unexpected, for a message. */
export function quote(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value ?? null)).slice(0, 200);
}

function isStatus(value: unknown): value is ApiStatus {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

/** @param code the HTTP status, or the code in an ERROR event of a watch. */
export function refusal(verb: Verb, target: ApiTarget, code: number, status: ApiStatus): StoreError | ExpiredError {
  const what = describeTarget(target);
  const said = status.message ?? `HTTP ${code}`;
  switch (code) {
    case 400:
    case 413:
    case 422:
      return new StoreError('INVALID', `${what} is not valid: ${explainCauses(status) ?? said}`);
    case 401:
      return new StoreError('FORBIDDEN', `the API server does not accept these credentials (${said}): they may have expired`);
    case 403:
      return new StoreError('FORBIDDEN', `${what}: ${verb} is forbidden: ${said}${missingRule(verb, target, said)}`);
    case 404:
      if (!isAbsentObject(status)) return notServed(target);
      if (verb === 'create') return new StoreError('NOT_FOUND', `${what} cannot be created: ${said}. Create that first`);
      return new StoreError('NOT_FOUND', `there is no ${what}`);
    case 409:
      if (status.reason === 'AlreadyExists') return new StoreError('ALREADY_EXISTS', `${what} already exists`);
      return new ConflictError(`${what} has changed since it was read, or is not the object that was read. Read it again`, { cause: status });
    case 410:
      return new ExpiredError(said);
    default:
      if (status.reason === 'Expired' || status.reason === 'Gone') return new ExpiredError(said);
      return new StoreError(code === 429 || code >= 500 ? 'UNAVAILABLE' : 'STORAGE_FAILED', `${what}: ${verb} failed: the API server answers ${code}: ${said}`);
  }
}

/** A 404 about an object names it; one about the path says that the server has no such kind. */
function isAbsentObject({ details }: ApiStatus): boolean {
  return details?.name !== undefined && details.name !== '';
}

function notServed({ resource, subresource }: ApiTarget): StoreError {
  const path = `${qualifiedPlural(resource)}${subresource === undefined ? '' : `/${subresource}`} (${apiVersionOf(resource)})`;
  const remedy = resource.group === 'rtvm.dev' ? 'Install the CRDs of this version: kubectl apply -f deploy/crds' : 'A newer Kubernetes, or an API that is switched on, is needed';
  return new StoreError('NOT_SERVED', `the API server does not serve ${path}. ${remedy}`);
}

/** One sentence for each field that is wrong. */
function explainCauses({ details }: ApiStatus): string | undefined {
  const causes = details?.causes?.filter(({ message }) => message !== undefined) ?? [];
  if (causes.length === 0) return undefined;
  return causes.map(({ field, message }) => (field === undefined || field === '<nil>' ? message : `${field}: ${message}`)).join('; ');
}

/** A refusal by RBAC says so in these words; one by quota or an admission policy says its own. */
function missingRule(verb: Verb, target: ApiTarget, said: string): string {
  if (!/ cannot \w+ resource /.test(said)) return '';
  const resource = resourceOf(target);
  return `. Its role lacks: {apiGroups: ["${target.resource.group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
}
