import { expect, test } from 'vitest';
import { foreignResources, ownResource, pathOf } from './api-resource.ts';

test.each([
  [{ resource: ownResource('RealtimeVM'), namespace: 'lab', name: 'a.b-1', subresource: 'status' as const }, '/apis/rtvm.dev/v1alpha1/namespaces/lab/realtimevms/a.b-1/status'],
  [{ resource: ownResource('RealtimeNode') }, '/apis/rtvm.dev/v1alpha1/realtimenodes'],
  [{ resource: foreignResources.Pod, namespace: 'lab' }, '/api/v1/namespaces/lab/pods'],
  [{ resource: foreignResources.Lease, namespace: 'lab', name: 'a' }, '/apis/coordination.k8s.io/v1/namespaces/lab/leases/a'],
])('%j is at %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test.each(['', '.', '..', 'a/b', '../x', 'a?b', 'A', 'ä', 'a%2fb', 'a'.repeat(254)])('%j is no name, and makes no path', (name) => {
  const refused = (field: string): unknown => expect.objectContaining({ code: 'INVALID', message: `Pod: ${field}: ${JSON.stringify(name)} cannot be a name; accepted: at most 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends` });
  expect(() => pathOf({ resource: foreignResources.Pod, namespace: 'lab', name })).toThrow(refused('metadata.name'));
  expect(() => pathOf({ resource: foreignResources.Pod, namespace: name })).toThrow(refused('metadata.namespace'));
});
