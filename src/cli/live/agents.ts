/** The agents' pods, one on each realtime node. */
import type { Pod } from '../../store/foreign.ts';
import { CommandError } from '../exit.ts';
import type { Live } from './connect.ts';

/** As every way to install rtvm labels them. */
const agentLabels = 'app.kubernetes.io/name=rtvm,app.kubernetes.io/component=agent';
export const agentContainer = 'agent';
export const agentMetricsPort = 8081;

export interface Agents {
  /** By node. */
  readonly running: ReadonlyMap<string, Pod>;
  /** Of nodes whose agent does not run: in what phase its pod is. */
  readonly others: ReadonlyMap<string, Pod>;
}

/** @throws StoreError FORBIDDEN where pods of that namespace may not be listed. */
export async function findAgents({ store, systemNamespace, signal }: Live): Promise<Agents> {
  const pods = await store.listForeign('Pod', { namespace: systemNamespace, labelSelector: agentLabels }, signal);
  const isRunning = ({ metadata, status }: Pod) => status?.phase === 'Running' && metadata.deletionTimestamp === undefined;
  const byNode = (of: readonly Pod[]) => new Map(of.flatMap((pod) => (pod.spec.nodeName === undefined ? [] : [[pod.spec.nodeName, pod] as const])));
  return { running: byNode(pods.filter(isRunning)), others: byNode(pods.filter((pod) => !isRunning(pod))) };
}

/** Why there is no agent to ask on a node, and where to look. */
export function agentMissing(nodeName: string, { running, others }: Agents, { systemNamespace }: Pick<Live, 'systemNamespace'>): string {
  const pod = others.get(nodeName);
  if (pod !== undefined) return `the agent's pod ${systemNamespace}/${pod.metadata.name} on node ${nodeName} is ${pod.metadata.deletionTimestamp === undefined ? pod.status?.phase ?? 'not started' : 'ending'}; kubectl describe pod -n ${systemNamespace} ${pod.metadata.name}`;
  const none = running.size === 0 && others.size === 0 ? `, nor on any other node: if rtvm is installed in another namespace than ${systemNamespace}, give it with --system-namespace` : `; is the node labelled rtvm.dev/realtime=true? kubectl get pods -n ${systemNamespace} -l ${agentLabels} -o wide`;
  return `no agent runs on node ${nodeName}${none}`;
}

/** @throws CommandError `AGENT_MISSING`. */
export async function requireAgent(nodeName: string, live: Live): Promise<Pod> {
  const agents = await findAgents(live);
  const pod = agents.running.get(nodeName);
  if (pod === undefined) throw new CommandError('AGENT_MISSING', agentMissing(nodeName, agents, live));
  return pod;
}
