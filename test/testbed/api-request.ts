// What a request asks for, as Kubernetes' authorizer reads it from method and path:
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb

export interface ApiRequest {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** Plural, with its subresource: `realtimevms/status`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** @returns undefined for a path that is no resource's: /version, /apis, /openapi/v3. */
export function apiRequestOf(method: string, url: string): ApiRequest | undefined {
  const { pathname, searchParams } = new URL(url, 'https://server');
  const parts = pathname.split('/').filter((part) => part !== '').map(decodeURIComponent);
  const inGroup = parts[0] === 'apis' ? parts.slice(1) : parts[0] === 'api' ? ['', ...parts.slice(1)] : [];
  const [group, version, ...rest] = inGroup;
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [plural, name, subresource] = isNamespaced ? rest.slice(2) : rest;
  return {
    verb: verbOf(method, name !== undefined, searchParams.get('watch') === 'true'),
    group,
    resource: subresource === undefined ? plural! : `${plural!}/${subresource}`,
    ...(isNamespaced ? { namespace: rest[1]! } : {}),
    ...(name === undefined ? {} : { name }),
  };
}

function verbOf(method: string, hasName: boolean, watches: boolean): string {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return hasName ? 'delete' : 'deletecollection';
    default:
      return watches ? 'watch' : hasName ? 'get' : 'list';
  }
}
