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
    NodeLost: `look at the machine, and at its agent: kubectl rtvm host-check${where}; where it is off, and stays off: kubectl taint node${where === '' ? ' NODE' : where} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute, or where its Node is gone: kubectl rtvm fence${where === '' ? ' NODE' : where}; it is given up once a person has said so, the agent\'s Lease has lapsed, and the Node is absent or not Ready`,
    NotSeen: `wait: the agent looks at everything when it begins; where it stays: kubectl rtvm host-check${where}`,
    OtherGrant: `kubectl rtvm restart ${vm}: its next start is by what its node's RealtimeAllocation gives it`,
    AuditLate: `the host is too busy to read threads in time, or the agent has no CPU: kubectl rtvm host-check${where}`,
    BackOff: `it is tried again by itself; what fails is in its events and its serial log: kubectl rtvm console ${vm}`,
    NotOpen: `wait: a controller lets the agent start guests once it has read what runs there; where it stays, see that a controller leads: kubectl get lease rtvm-controller -A`,
    NodeNotHeard: `have the agent of that node running again: kubectl rtvm host-check${where}; where its machine is off, and stays off, say so: kubectl rtvm fence --help`,
    RestoreOpen: 'kubectl rtvm restore',
    RunsTwice: 'decide which of the two is to stay, and end the other one on its host: virsh destroy DOMAIN; virsh undefine --nvram DOMAIN',
    ClaimsHeld: 'nothing, where it passes: the other VM does not run, and is placed anew; where it stays, halt or delete that one',
    OldDomainRuns: 'end the domain on its host, once nobody needs it: virsh destroy DOMAIN; virsh undefine --nvram DOMAIN',
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
