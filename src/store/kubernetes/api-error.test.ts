import { expect, test } from 'vitest';
import { parseStatus, refusal } from './api-error.ts';
import type { ApiStatus, Verb } from './api-error.ts';
import { foreignResources, ownResource } from './api-resource.ts';
import type { ApiTarget } from './api-resource.ts';

const vm: ApiTarget = { resource: ownResource('RealtimeVM'), namespace: 'default', name: 'a' };
const vms: ApiTarget = { resource: ownResource('RealtimeVM') };
const named = { details: { name: 'a' } };

test.each<[verb: Verb, target: ApiTarget, code: number, status: ApiStatus, refused: string, message: string]>([
  ['get', vm, 404, { ...named, message: 'realtimevms.rtvm.dev "a" not found' }, 'NOT_FOUND', 'there is no RealtimeVM default/a'],
  ['get', vm, 404, { message: '404 page not found' }, 'NOT_SERVED', 'the API server does not serve realtimevms.rtvm.dev (rtvm.dev/v1alpha1). Install the CRDs of this version: kubectl apply -f deploy/crds'],
  ['update', { ...vm, subresource: 'status' }, 404, { message: '404 page not found' }, 'NOT_SERVED', 'the API server does not serve realtimevms.rtvm.dev/status (rtvm.dev/v1alpha1). Install the CRDs of this version: kubectl apply -f deploy/crds'],
  ['list', { resource: foreignResources.PodDisruptionBudget }, 404, {}, 'NOT_SERVED', 'the API server does not serve poddisruptionbudgets.policy (policy/v1). A newer Kubernetes, or an API that is switched on, is needed'],
  ['create', vm, 404, { details: { name: 'default' }, message: 'namespaces "default" not found' }, 'NOT_FOUND', 'RealtimeVM default/a cannot be created: namespaces "default" not found. Create that first'],
  ['create', vm, 409, { reason: 'AlreadyExists' }, 'ALREADY_EXISTS', 'RealtimeVM default/a already exists'],
  ['update', vm, 409, { reason: 'Conflict' }, 'CONFLICT', 'RealtimeVM default/a has changed since it was read, or is not the object that was read. Read it again'],
  ['update', vm, 422, { message: 'long', details: { name: 'a', causes: [{ field: 'spec.cpu', message: 'Required value' }, { field: '<nil>', message: 'Invalid value: mask names vCPU 9' }] } }, 'INVALID', 'RealtimeVM default/a is not valid: spec.cpu: Required value; Invalid value: mask names vCPU 9'],
  ['create', vm, 400, { message: 'strict decoding error: unknown field "spec.cpus"' }, 'INVALID', 'RealtimeVM default/a is not valid: strict decoding error: unknown field "spec.cpus"'],
  ['update', { ...vm, subresource: 'status' }, 403, { message: 'realtimevms.rtvm.dev "a" is forbidden: User "x" cannot update resource "realtimevms/status" in API group "rtvm.dev" in the namespace "default"' }, 'FORBIDDEN',
    'RealtimeVM default/a: update is forbidden: realtimevms.rtvm.dev "a" is forbidden: User "x" cannot update resource "realtimevms/status" in API group "rtvm.dev" in the namespace "default". Its role lacks: {apiGroups: ["rtvm.dev"], resources: ["realtimevms/status"], verbs: ["update"]}'],
  ['list', { resource: foreignResources.Node }, 403, { message: 'nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope' }, 'FORBIDDEN',
    'nodes: list is forbidden: nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope. Its role lacks: {apiGroups: [""], resources: ["nodes"], verbs: ["list"]}'],
  ['create', vm, 403, { message: 'exceeded quota' }, 'FORBIDDEN', 'RealtimeVM default/a: create is forbidden: exceeded quota'],
  ['watch', vms, 410, { reason: 'Expired', message: 'too old resource version: 1 (7)' }, 'EXPIRED', 'too old resource version: 1 (7)'],
  ['list', { ...vms, namespace: 'lab' }, 504, { reason: 'Timeout', message: 'Too large resource version' }, 'UNAVAILABLE', 'realtimevms in namespace lab: list failed: the API server answers 504: Too large resource version'],
  ['get', vm, 405, {}, 'STORAGE_FAILED', 'RealtimeVM default/a: get failed: the API server answers 405: HTTP 405'],
])('%s %j %d %j is %s', (verb, target, code, status, refused, message) => {
  expect(refusal(verb, target, code, status)).toMatchObject({ code: refused, message });
});

test('what is no Status is quoted, and not at length', () => {
  expect(parseStatus('{"kind":"Status","reason":"Gone"}')).toStrictEqual({ kind: 'Status', reason: 'Gone' });
  expect(parseStatus('{"kind":"Table"}')).toStrictEqual({ message: '{"kind":"Table"}' });
  expect(parseStatus(` ${'x'.repeat(1000)}`)).toStrictEqual({ message: 'x'.repeat(200) });
});
