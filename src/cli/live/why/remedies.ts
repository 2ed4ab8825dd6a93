/** What a person can do about the reason of a condition, in a cluster. */
import { remedyFor } from '../../run/remedies.ts';

/** @param vm `NAME -n NAMESPACE`, as commands name it; @param node the node that it is about, if it is about one. */
export function liveRemedy(reason: string, vm: string, node: string | undefined): string | undefined {
  const where = node === undefined ? '' : ` ${node}`;
  const inCluster: Readonly<Record<string, string>> = {
    Invalid: `mend the spec, or what it names: kubectl edit rtvm ${vm}`,
    NamespaceNotAllowed: 'take another class, or have an administrator let the namespace into spec.allowedNamespaces of the class (or label the namespace)',
    NamespaceLimit: 'end another VM of the class in this namespace, or have an administrator make a class with a higher spec.maxCpusPerNamespace',
    NoNodes: 'label a node: kubectl label node NAME rtvm.dev/realtime=true; its agent makes the RealtimeNode',
    HostUnschedulable: `kubectl uncordon${where === '' ? ' NODE' : where}, or set spec.unschedulable of its RealtimeNode to false`,
    HostNotReady: `kubectl rtvm host-check${where}`,
    SelectorMismatch: 'label a node as spec.nodeSelector (of the VM or its class) asks, or ask for less',
    TaintNotTolerated: 'tolerate the taint in spec.tolerations, or take it from the node',
    SpecChanged: `kubectl rtvm restart ${vm}`,
    NodeLost: `kubectl rtvm host-check${where}; where the host is down for good: kubectl taint node${where === '' ? ' NODE' : where} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`,
    Paused: `on the host: virsh resume (the message says why it was paused); or kubectl rtvm restart ${vm}`,
    Emulated: `run the agent with agent.virtType: kvm on a host with /dev/kvm (kubectl rtvm host-check${where}), then: kubectl rtvm restart ${vm}`,
    DriftPersists: `something on the host keeps changing the threads back (a tuning daemon?); kubectl rtvm verify${node === undefined ? '' : ` ${vm}`} --live shows which`,
    Violated: `kubectl rtvm restart ${vm}, after the host was mended: kubectl rtvm host-check${where}`,
    NotVerified: `kubectl rtvm verify ${vm} --live; kubectl rtvm host-check${where}`,
    Halted: `kubectl rtvm start ${vm}`,
  };
  if (Object.hasOwn(inCluster, reason)) return inCluster[reason];
  return remedyFor(reason)?.replaceAll('"rtvm plan" shows', `"kubectl rtvm topology${where}" shows`);
}
