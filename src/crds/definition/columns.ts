/** What `kubectl get` shows of each kind; priority 1 only with `-o wide`. */
import type { Kind } from '../resource.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since the object was made.' };

const condition = (name: string, type: string, description: string): Column => ({ name, type: 'string', jsonPath: `.status.conditions[?(@.type=="${type}")].status`, description });

export const columnsOf: Readonly<Record<Kind, readonly Column[]>> = {
  RealtimeVM: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the VM is in its life.' },
    condition('Ready', 'Ready', 'Whether it is what its spec asks for.'),
    condition('Realtime', 'RealtimeVerified', 'Whether the last audit found every guarantee kept.'),
    { name: 'Node', type: 'string', jsonPath: '.status.placement.nodeName', description: 'The host.' },
    { name: 'CPUs', type: 'string', jsonPath: '.status.cpus', description: 'The pCPUs that its dedicated vCPUs have to themselves.', priority: 1 },
    age,
  ],
  RealtimeVMClass: [
    { name: 'vCPUs', type: 'integer', jsonPath: '.spec.cpu.vcpus', description: 'Number of vCPUs.' },
    { name: 'Policy', type: 'string', jsonPath: '.spec.cpu.policy', description: 'CPU policy.' },
    { name: 'Priority', type: 'integer', jsonPath: '.spec.cpu.realtime.priority', description: 'SCHED_FIFO priority of the realtime vCPUs.' },
    { name: 'Memory', type: 'string', jsonPath: '.spec.memory.size', description: 'Memory of the guest.' },
    { name: 'Pages', type: 'string', jsonPath: '.spec.memory.pageSize', description: 'Pages behind the memory.', priority: 1 },
    { name: 'Packing', type: 'string', jsonPath: '.spec.packing', description: 'Which of several fitting hosts.', priority: 1 },
    age,
  ],
  RealtimeImage: [
    { name: 'Format', type: 'string', jsonPath: '.spec.format', description: 'Format of the file.' },
    { name: 'Path', type: 'string', jsonPath: '.spec.source.path', description: 'File under the host\'s image root.' },
    { name: 'URL', type: 'string', jsonPath: '.spec.source.url', description: 'Where hosts fetch it from.' },
    { name: 'Mask', type: 'string', jsonPath: '.spec.realtimeMask', description: 'Realtime vCPUs of its guests.', priority: 1 },
    age,
  ],
  RealtimeNode: [
    condition('Ready', 'Ready', 'Whether guests can be placed here, as the agent last said.'),
    condition('Alive', 'AgentAlive', 'Whether the agent renews its Lease; where not, all else is what it last said.'),
    condition('Realtime', 'RealtimeReady', 'Whether every host check for realtime passes, as the agent last said.'),
    { name: 'Dedicated', type: 'string', jsonPath: '.spec.dedicatedCpus', description: 'pCPUs that may be given to one vCPU each.' },
    { name: 'Shared', type: 'string', jsonPath: '.spec.sharedCpus', description: 'pCPUs that floating vCPUs run over.' },
    { name: 'Latency-us', type: 'integer', jsonPath: '.status.latency.maxMicroseconds', description: 'Worst latency that was measured, in microseconds.' },
    { name: 'Unschedulable', type: 'boolean', jsonPath: '.spec.unschedulable', description: 'Whether no new guest is placed here.', priority: 1 },
    { name: 'Kernel', type: 'string', jsonPath: '.status.versions.kernel', description: 'Kernel release.', priority: 1 },
    age,
  ],
  RealtimeAllocation: [
    { name: 'Generation', type: 'integer', jsonPath: '.metadata.generation', description: 'Counts the changes of what the node\'s guests hold.' },
    age,
  ],
};
