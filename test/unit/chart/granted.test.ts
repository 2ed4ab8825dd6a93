import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { Manifest } from '../../integration/support/chart.ts';
import { grantsOf, ungranted, unused } from '../../integration/support/granted.ts';

const manifests = load(`
- {kind: ClusterRole, metadata: {name: r}, rules: [{apiGroups: [rtvm.dev], resources: [realtimevms, realtimevms/status], verbs: [get, update]}]}
- {kind: Role, metadata: {name: r, namespace: ns}, rules: [{apiGroups: [""], resources: [pods], verbs: [create]}]}
- {kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: ServiceAccount, name: a}]}
- {kind: RoleBinding, metadata: {name: b, namespace: ns}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: a}]}
`) as readonly Manifest[];

const vm = { group: 'rtvm.dev', resource: 'realtimevms', namespace: 'default', name: 'vm' };
const pod = { verb: 'create', group: '', resource: 'pods' };

test('what is granted, to the namespace, is compared with what was asked', () => {
  const grants = grantsOf('a', manifests);
  expect([...grants].sort()).toEqual(['create /pods in ns', 'get rtvm.dev/realtimevms', 'get rtvm.dev/realtimevms/status', 'update rtvm.dev/realtimevms', 'update rtvm.dev/realtimevms/status']);
  expect(grantsOf('another', manifests).size).toBe(0);
  const asked = [{ verb: 'get', ...vm }, { verb: 'delete', ...vm }, { ...pod, namespace: 'ns' }, { ...pod, namespace: 'default' }, { ...pod, resource: 'pods/exec', namespace: 'ns' }];
  expect(ungranted(asked, grants)).toEqual(['create /pods in default', 'create /pods/exec in ns', 'delete rtvm.dev/realtimevms in default']);
  expect(unused(asked, grants)).toEqual(['get rtvm.dev/realtimevms/status', 'update rtvm.dev/realtimevms', 'update rtvm.dev/realtimevms/status']);
});
