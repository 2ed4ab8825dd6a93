/** What keeps a VM from being as its spec asks, from its own status: pure. */
import { conditionOf, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import type { Cause } from './cause.ts';
import { liveRemedy } from './remedies.ts';

/** Conditions that tell of trouble when they are not True, the first cause first: what follows from an earlier one says nothing new. */
const inOrder = ['Accepted', 'Placed', 'Running', 'RealtimeVerified', 'Ready'] as const;

/** Nothing is wrong where nobody wants it to run. */
const noTrouble: ReadonlySet<string> = new Set(['Halted']);

export function causesOf(vm: Vm): readonly Cause[] {
  const { metadata, spec, status } = vm;
  const [named, node] = [`${metadata.name} -n ${metadata.namespace}`, status?.placement?.nodeName];
  if (metadata.deletionTimestamp !== undefined) {
    return [{ reason: 'Deleting', message: `it is being deleted since ${metadata.deletionTimestamp}, and goes when the agent${node === undefined ? '' : ` of ${node}`} has said that nothing of it is left`, remedy: node === undefined ? undefined : `kubectl rtvm host-check ${node}` }];
  }
  if (status?.conditions === undefined) {
    return [{ reason: 'NotObserved', message: 'no controller has looked at it yet', remedy: 'kubectl get pods -A -l app.kubernetes.io/name=rtvm,app.kubernetes.io/component=controller' }];
  }
  if (spec.runStrategy === 'Halted' && status.phase === 'Stopped') return [];
  const seen = new Set<string>();
  const failing = inOrder.flatMap((type) => {
    const found = conditionOf(vm, type);
    if (found === undefined || found.status === 'True' || noTrouble.has(found.reason)) return [];
    // RealtimeVerified of a VM that does not run, and Ready of one that was refused, repeat what was said.
    if (seen.size > 0 && (type === 'RealtimeVerified' || type === 'Ready') || seen.has(found.message)) return [];
    seen.add(found.message);
    return [{ reason: found.reason, message: `not ${type}: ${found.message}`, remedy: liveRemedy(found.reason, named, node) }];
  });
  const findings = (status.findings ?? []).map(({ code, subject, message }): Cause => ({ reason: code, message: `the audit found of ${subject}: ${message}` }));
  const restart = conditionOf(vm, 'RestartRequired');
  return [
    ...failing,
    ...findings,
    ...(restart?.status === 'True' ? [{ reason: restart.reason, message: restart.message, remedy: liveRemedy(restart.reason, named, node) }] : []),
    ...(status.observedGeneration !== metadata.generation ? [{ reason: 'NotObserved', message: `its status is about generation ${status.observedGeneration ?? 0} of the spec, which is at ${metadata.generation} now: the controller has not looked at ${vmName(vm)} since` }] : []),
  ];
}

/** As its spec asks: ready, or stopped where it is to be. */
export function isAsAsked(vm: Vm): boolean {
  if (vm.metadata.deletionTimestamp !== undefined) return false;
  if (vm.spec.runStrategy === 'Halted') return vm.status?.phase === 'Stopped';
  if (conditionOf(vm, 'Ready')?.status === 'True') return vm.status?.observedGeneration === vm.metadata.generation;
  // One that ran once, or ended well, has done what was asked.
  return vm.status?.phase === 'Stopped' && (vm.spec.runStrategy === 'Once' || vm.spec.runStrategy === 'RerunOnFailure');
}
