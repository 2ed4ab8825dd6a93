import { expect, test } from 'vitest';
import { apiRequestOf } from '../../testbed/api-request.ts';

test.each([
  ['GET', '/apis/rtvm.dev/v1alpha1/realtimevms?limit=500', { verb: 'list', group: 'rtvm.dev', resource: 'realtimevms' }],
  ['GET', '/apis/rtvm.dev/v1alpha1/realtimenodes?watch=true&fieldSelector=metadata.name%3Dn1', { verb: 'watch', group: 'rtvm.dev', resource: 'realtimenodes' }],
  ['PUT', '/apis/rtvm.dev/v1alpha1/namespaces/a/realtimevms/b/status', { verb: 'update', group: 'rtvm.dev', resource: 'realtimevms/status', namespace: 'a', name: 'b' }],
  ['GET', '/api/v1/namespaces', { verb: 'list', group: '', resource: 'namespaces' }],
  ['GET', '/api/v1/namespaces/a', { verb: 'get', group: '', resource: 'namespaces', name: 'a' }],
  ['POST', '/api/v1/namespaces/a/events', { verb: 'create', group: '', resource: 'events', namespace: 'a' }],
  ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection', group: '', resource: 'pods', namespace: 'a' }],
  ['DELETE', '/api/v1/namespaces/a/pods/p', { verb: 'delete', group: '', resource: 'pods', namespace: 'a', name: 'p' }],
  ['PATCH', '/apis/coordination.k8s.io/v1/namespaces/a/leases/l', { verb: 'patch', group: 'coordination.k8s.io', resource: 'leases', namespace: 'a', name: 'l' }],
  ['GET', '/version', undefined],
  ['GET', '/apis/rtvm.dev/v1alpha1', undefined],
  ['GET', '/api', undefined],
])('%s %s', (method, url, asked) => {
  expect(apiRequestOf(method, url)).toEqual(asked);
});
