import { expect, test } from 'vitest';
import type { StoredMetadata } from '../resource.ts';
import { asWireObject, decodeForeign, decodeOwn, wholeSpec } from './decode.ts';

const metadata: StoredMetadata = { name: 'host-a', uid: 'uid-a', resourceVersion: '7', generation: 1, creationTimestamp: '2026-01-31T12:00:00Z' };
const defaults = { vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [] };

test('what the server adds to the metadata stays, but for what nobody reads', () => {
  const odd = { ...metadata, generateName: 'host-', selfLink: '/x', ownerReferences: [{ name: 'b' }], deletionGracePeriodSeconds: 0 };
  expect(decodeOwn('RealtimeNode')({ metadata: { ...odd, managedFields: [{}] }, spec: {} })).toStrictEqual({ object: { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: odd, spec: defaults } });
});

test('fields that are not known are left out, wherever they are, and found again for writing', () => {
  const spec = { maxPriority: 40, future: 1, networks: [{ name: 'n', bridge: 'br0', vlan: 7 }] };
  const decoded = decodeOwn('RealtimeNode')({ metadata, spec, status: { latency: { maxMicroseconds: 3, p99: 1 }, mood: 'good' } });
  const object = 'object' in decoded ? decoded.object : undefined;
  expect(object).toStrictEqual({ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata, spec: { ...defaults, maxPriority: 40, networks: [{ name: 'n', bridge: 'br0', openToInline: false }] }, status: { latency: { maxMicroseconds: 3 } } });
  expect(wholeSpec(object!.spec)).toStrictEqual(spec);
  const changed = { ...object!.spec, maxPriority: 41 };
  expect(wholeSpec(changed)).toBe(changed);
  expect(spec.networks[0]).toStrictEqual({ name: 'n', bridge: 'br0', vlan: 7 });
});

test('what cannot be read says where it is and what is wrong', () => {
  const where = { file: '/apis/rtvm.dev/v1alpha1/namespaces/lab/realtimeimages/a', resource: { kind: 'RealtimeImage', namespace: 'lab', name: 'a' } };
  expect(decodeOwn('RealtimeImage')({ metadata: { ...metadata, namespace: 'lab', name: 'a' }, spec: { source: { path: 'a' }, format: 'vmdk', future: 1 } })).toMatchObject({ problems: [{ code: 'FIELD_VALUE', path: 'spec.format', value: 'vmdk', ...where }] });
});

test('of a Node only what placement needs is kept; anything else stays whole', () => {
  const node = { metadata, spec: { podCIDR: '10.0.0.0/24', unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] }, status: { images: [{ names: ['x'] }], conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'now' }] } };
  expect(decodeForeign('Node')(node)).toStrictEqual({ object: { metadata, spec: { unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } } });
  const pod = { metadata, spec: { containers: [], dnsPolicy: 'Default' }, status: { phase: 'Running' } };
  expect(decodeForeign('Pod')(pod)).toStrictEqual({ object: pod });
});

test.each([undefined, null, 'text', {}, { metadata: null }, { metadata: { name: 'a' } }, { metadata: { name: 'a', uid: 1, resourceVersion: '1' } }])('%j is no object', (value) => {
  expect(() => asWireObject(value)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
});
