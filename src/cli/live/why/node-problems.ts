/** What is wrong with a node, as the cluster and its agent say it. */
import { outOfServiceTaint, outOfServiceWord, realtimeLabel } from '../../../controller/node-facts.ts';
import { formatProblem } from '../../../crds/document-problem.ts';
import { toHostInventory } from '../../../crds/to-host-inventory.ts';
import type { Stored } from '../../../store/resource.ts';
import { ageOf } from '../age.ts';
import type { Live } from '../connect.ts';
import { leaseState } from '../node-state.ts';
import type { NodeStates } from '../node-state.ts';
import type { Cause } from './cause.ts';

export function nodeProblems(node: Stored<'RealtimeNode'>, states: NodeStates, { systemNamespace }: Pick<Live, 'systemNamespace'>): readonly Cause[] {
  const { name } = node.metadata;
  const orphans = (node.status?.orphans ?? []).map(({ domain, vm }): Cause => ({
    reason: 'Orphan',
    message: `domain ${domain}${vm === undefined ? '' : `, made for RealtimeVM ${vm.namespace}/${vm.name},`} runs on ${name} and no allocation names it: what it holds stays taken`,
    remedy: `where nobody needs it, end it on the host: virsh destroy ${domain}; virsh undefine --nvram ${domain}`,
  }));
  // Where its Lease can be read, it says the same with more.
  const seesLease = leaseState(name, states) !== undefined;
  const unmet = (node.status?.conditions ?? [])
    .filter(({ type, status }) => status === 'False' && !(type === 'AgentAlive' && seesLease))
    .map(({ type, message }): Cause => ({ reason: type, message: `${name} is not ${type}: ${message}` }));
  const inventory = toHostInventory(node);
  const wrong = inventory.ok ? [] : inventory.problems.map((problem): Cause => ({ reason: 'SpecRefused', message: `${name}: ${formatProblem(problem)}`, remedy: `kubectl edit rtnode ${name}` }));
  const said = node.metadata.annotations?.[outOfServiceWord];
  const word = said === undefined || states.nodes?.has(name) === true ? [] : [{
    reason: 'SaidToBeOff', message: `${said} has said that the machine of ${name} is off, so nothing is placed there`,
    remedy: `where it is on again: kubectl rtvm fence ${name} --undo`,
  }];
  return [...standing(name, states, systemNamespace), ...word, ...wrong, ...unmet, ...orphans];
}

/** What the cluster itself has against placing guests there. */
export function standing(name: string, states: NodeStates, systemNamespace: string): readonly Cause[] {
  const node = states.nodes?.get(name);
  const lease = leaseState(name, states);
  const logs = `look at its agent: kubectl get pods -n ${systemNamespace} -l app.kubernetes.io/component=agent --field-selector spec.nodeName=${name}`;
  return [
    ...(states.nodes !== undefined && node === undefined ? [{ reason: 'NodeMissing', message: `the cluster has no Node ${name} (any more)`, remedy: `a deleted Node says nothing of its machine; where that is off, and stays off: kubectl rtvm fence ${name}; where nothing of it is left, kubectl delete rtnode ${name}` }] : []),
    ...(node !== undefined && node.metadata.labels?.[realtimeLabel] !== 'true' ? [{ reason: 'NotLabelled', message: `Node ${name} is not labelled ${realtimeLabel}=true, so nothing is placed there`, remedy: `kubectl label node ${name} ${realtimeLabel}=true` }] : []),
    ...(node?.spec.taints?.some(({ key }) => key === outOfServiceTaint) === true ? [{ reason: 'SaidToBeOff', message: `Node ${name} has the taint ${outOfServiceTaint}: a person has said that its machine is off, so nothing is placed there`, remedy: `where it is on again: kubectl taint node ${name} ${outOfServiceTaint}-` }] : []),
    ...(node?.spec.unschedulable === true ? [{ reason: 'Cordoned', message: `Node ${name} is cordoned, so nothing new is placed there`, remedy: `kubectl uncordon ${name}` }] : []),
    ...(lease?.alive === false ? [{
      reason: 'AgentSilent',
      message: lease.renewedAt === undefined ? `the agent of ${name} has never renewed its Lease` : `the agent of ${name} has not renewed its Lease for ${ageOf(lease.renewedAt, states.now)}: it is down, cut off, or its audits are late`,
      remedy: logs,
    }] : []),
  ];
}
