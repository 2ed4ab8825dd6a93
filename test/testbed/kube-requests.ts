// What the API server itself has counted of the requests that it was sent.
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';

/** Requests by verb and resource: `PUT realtimevms/status` → 12. Refused ones count; watches count when they end. */
export type RequestCounts = ReadonlyMap<string, number>;

/** Writes, as Kubernetes counts verbs. */
export const writeVerbs = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'] as const;

export async function requestCounts(api: KubeApi): Promise<RequestCounts> {
  const { body } = await kubeRequest<string>(api, 'GET', '/metrics');
  const counts = new Map<string, number>();
  for (const [, text, count] of body.matchAll(/^apiserver_request_total\{(.*)\} ([\d.e+]+)$/gm)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(text!)?.[1] ?? '';
    if (label('resource') === '') continue;
    const key = `${label('verb')} ${label('resource')}${label('subresource') === '' ? '' : `/${label('subresource')}`}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(count));
  }
  return counts;
}

/** What came on top; nothing that is zero. */
export function countedSince(before: RequestCounts, now: RequestCounts): RequestCounts {
  return new Map([...now].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const).filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

export function sumOf(counts: RequestCounts, wanted: (verb: string, resource: string) => boolean): number {
  return [...counts].filter(([key]) => wanted(...(key.split(' ') as [string, string]))).reduce((sum, [, count]) => sum + count, 0);
}
