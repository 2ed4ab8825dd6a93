/** The worlds that are explored whole. */
import type { World } from './world.ts';

const base = {
  nodes: 2, vms: 1, faults: [], maxFaults: 0, wishes: [], maxWishes: 0, begins: 'running', grain: 'coarse',
} as const satisfies Omit<World, 'name'>;

/** All that goes wrong without anybody's putting a store back. */
const everyday = [
  'kill', 'agentCrash', 'domainEnds', 'lapse', 'takeover', 'freeze', 'slow', 'tableDeleted', 'giveUp', 'oldLeader',
] as const;

/** Explored by `make explore`, and so by CI. */
export const everydayWorlds: readonly World[] = [
  { ...base, name: 'one host', nodes: 1, begins: 'empty', grain: 'fine', faults: ['kill', 'agentCrash'], maxFaults: 2 },
  { ...base, name: 'start', begins: 'empty', grain: 'fine', faults: ['kill', 'agentCrash', 'lapse'], maxFaults: 2 },
  { ...base, name: 'start with a frozen controller', begins: 'empty', grain: 'fine',
    faults: ['freeze', 'takeover', 'slow'], maxFaults: 1 },
  { ...base, name: 'two start at once', vms: 2, begins: 'empty',
    faults: ['freeze', 'kill', 'agentCrash'], maxFaults: 1 },
  { ...base, name: 'all of every day', faults: everyday, maxFaults: 2 },
  { ...base, name: 'all of every day, while it is changed',
    faults: everyday, maxFaults: 1, wishes: ['halt', 'renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'frozen and slow, while it is changed',
    faults: ['freeze', 'takeover', 'slow'], maxFaults: 2, wishes: ['renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'a watch that is behind',
    faults: ['behind', 'giveUp', 'agentCrash', 'domainEnds', 'tableDeleted'], maxFaults: 2 },
  { ...base, name: 'a watch that is behind, while it is changed', grain: 'fine',
    faults: ['behind', 'agentCrash'], maxFaults: 2, wishes: ['halt', 'renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'a controller of the version before',
    faults: ['oldLeader', 'oldStatus', 'agentCrash', 'domainEnds'], maxFaults: 2,
    wishes: ['halt', 'renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'a controller of the version before, and a table lost',
    faults: ['oldStatus', 'tableDeleted', 'agentCrash'], maxFaults: 2, wishes: ['delete'], maxWishes: 1 },
  { ...base, name: 'a controller of the version before, and given up',
    faults: ['oldStatus', 'giveUp'], maxFaults: 2, wishes: ['delete'], maxWishes: 1 },
  { ...base, name: 'deleted and made again',
    faults: ['agentCrash', 'takeover', 'slow'], maxFaults: 1, wishes: ['delete', 'recreate', 'renew'], maxWishes: 2 },
  { ...base, name: 'given up, and back', vms: 2,
    faults: ['giveUp', 'agentCrash', 'takeover', 'domainEnds'], maxFaults: 2 },
  { ...base, name: 'threads that are moved', grain: 'fine',
    faults: ['drift', 'agentCrash', 'domainEnds'], maxFaults: 2 },
  { ...base, name: 'a spec that is edited',
    faults: ['oldStatus', 'tableDeleted', 'takeover'], maxFaults: 2, wishes: ['edit', 'renew'], maxWishes: 2 },
  { ...base, name: 'a statement that is late', grain: 'fine',
    faults: ['lateWord', 'agentCrash', 'domainEnds', 'tableDeleted'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'a RealtimeNode deleted',
    faults: ['nodeDeleted', 'tableDeleted', 'agentCrash', 'takeover', 'giveUp'], maxFaults: 2,
    wishes: ['delete', 'renew'], maxWishes: 1 },
  { ...base, name: 'disks that bind', nodeLocal: true,
    faults: ['giveUp', 'agentCrash', 'takeover', 'slow'], maxFaults: 2, wishes: ['renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'disks that bind, and a table lost', nodeLocal: true,
    faults: ['tableDeleted', 'agentCrash', 'slow'], maxFaults: 2, wishes: ['halt', 'delete'], maxWishes: 1 },
  { ...base, name: 'crosswise', nodes: 1, vms: 2, claims: [[1, 2], [2, 1]],
    faults: ['agentCrash', 'takeover', 'slow', 'domainEnds'], maxFaults: 1, wishes: ['renew'], maxWishes: 2 },
  { ...base, name: 'each wants what the other has too', nodes: 1, vms: 2, claims: [[1, 3], [2, 3]],
    faults: ['agentCrash', 'takeover', 'slow', 'domainEnds'], maxFaults: 1, wishes: ['renew', 'halt'], maxWishes: 2 },
  { ...base, name: 'two want one CPU', nodes: 1, vms: 2,
    faults: everyday, maxFaults: 2, wishes: ['halt', 'delete'], maxWishes: 1 },
];

/** The same. */
export const restoredWorlds: readonly World[] = [
  { ...base, name: 'restored at the start', begins: 'empty', grain: 'fine', faults: ['restore'], maxFaults: 1 },
  { ...base, name: 'restored on one host', nodes: 1,
    faults: ['restore'], maxFaults: 1, wishes: ['halt', 'renew', 'delete', 'recreate'], maxWishes: 2 },
  { ...base, name: 'restored, two want one CPU', nodes: 1, vms: 2,
    faults: ['restore', 'agentCrash', 'domainEnds'], maxFaults: 2, wishes: ['halt'], maxWishes: 1 },
  { ...base, name: 'restored, and made again under its name',
    faults: ['restore'], maxFaults: 1, wishes: ['delete', 'recreate'], maxWishes: 3 },
  { ...base, name: 'restored while it moves',
    faults: ['restore'], maxFaults: 1, grain: 'fine', wishes: ['renew', 'halt', 'delete'], maxWishes: 1 },
  { ...base, name: 'restored, and a watch that is behind', nodes: 1,
    faults: ['restore', 'behind'], maxFaults: 2, wishes: ['renew', 'halt'], maxWishes: 1 },
  { ...base, name: 'restored, and another leads', nodes: 1,
    faults: ['restore', 'takeover', 'kill'], maxFaults: 2, wishes: ['renew', 'halt'], maxWishes: 1 },
  { ...base, name: 'restored, and a controller of the version before',
    faults: ['restore', 'oldStatus'], maxFaults: 2 },
  { ...base, name: 'restored, and a write doubled',
    faults: ['restore', 'double'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'restored, and a statement is late',
    faults: ['restore', 'lateWord'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'restored, and a RealtimeNode deleted',
    faults: ['restore', 'nodeDeleted'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'one process on one host', nodes: 1, together: true,
    faults: ['restore', 'kill', 'agentCrash', 'domainEnds'], maxFaults: 3,
    wishes: ['halt', 'renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'a lying agent', vms: 2, faults: ['lie', 'takeover', 'giveUp'], maxFaults: 2 },
  { ...base, name: 'agents of the version before', begins: 'empty',
    faults: ['kill', 'agentCrash', 'takeover', 'oldLeader'], maxFaults: 2, oldAgents: [0] },
];

/** Explored by `make nightly` too. */
export const largeWorlds: readonly World[] = [
  { ...base, name: 'restored while it moves, and another leads',
    faults: ['restore', 'takeover'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'restored, and given up', faults: ['restore', 'giveUp'], maxFaults: 2 },
  { ...base, name: 'restored, and frozen while it moves',
    faults: ['restore', 'freeze'], maxFaults: 2, wishes: ['renew'], maxWishes: 1 },
  { ...base, name: 'restored, two nodes and two VMs', vms: 2, faults: ['restore', 'giveUp'], maxFaults: 2 },
  { ...base, name: 'given up, frozen and slow, while it is changed',
    faults: ['giveUp', 'slow', 'freeze'], maxFaults: 2, wishes: ['renew', 'delete'], maxWishes: 1 },
  { ...base, name: 'two VMs, all of every day', vms: 2,
    faults: everyday, maxFaults: 2, wishes: ['halt', 'renew', 'delete'], maxWishes: 1 },
];
