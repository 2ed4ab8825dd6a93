/** What the administrator says of a host in a RealtimeNode. What the host must have for it, its agent tells. */
import { cpuListRule, isFilledCpuList, overlap, rangesOf } from './cel-cpu-list.ts';
import { isBoundedSize, kibOf } from './cel-size.ts';
import type { Rule } from './rule.ts';
import { rulesAt, told } from './rule.ts';

const kinds = ['bridge', 'macvtap', 'sriov', 'vhostUser'] as const;
const given = `[${kinds.map((kind) => `has(self.${kind})`).join(', ')}].filter(k, k).size()`;

const networkRule: Omit<Rule, 'at'> = {
  rule: `${given} == 1`,
  message: `has none or several of ${kinds.join(', ')}; accepted: one of them`,
  messageExpression: told(`network "%s" has %s of ${kinds.join(', ')}; accepted: one of them`, 'self.name', `(${given} == 0 ? "none" : "several")`),
};

const disjointRule: Omit<Rule, 'at'> = {
  rule: `!has(self.dedicatedCpus) || !has(self.sharedCpus) || !${isFilledCpuList('self.dedicatedCpus')} || !${isFilledCpuList('self.sharedCpus')} || [${rangesOf('self.sharedCpus')}].all(shared, ${rangesOf('self.dedicatedCpus')}.all(d, !shared.exists(s, ${overlap('d', 's')})))`,
  fieldPath: '.sharedCpus',
  message: 'has CPUs that dedicatedCpus has too; accepted: each CPU in one of them',
  messageExpression: told('"%s" has CPUs that dedicatedCpus "%s" has too; accepted: each CPU in one of them', 'self.sharedCpus', 'self.dedicatedCpus'),
};

const reservedOnce = `(!${isBoundedSize('p.size')} || self.exists_one(o, o.numaNode == p.numaNode && ${isBoundedSize('o.size')} && ${kibOf('o.size')} == ${kibOf('p.size')}))`;

const hugepagesRule: Omit<Rule, 'at'> = {
  rule: `self.all(p, ${reservedOnce})`,
  message: 'reserves pages of one size on one host NUMA node twice; accepted: one entry for each',
  messageExpression: told('reserves pages of %s on host NUMA node %d twice; accepted: one entry for each', `self.filter(p, !${reservedOnce})[0].size`, `self.filter(p, !${reservedOnce})[0].numaNode`),
};

export const nodeRules: readonly Rule[] = [
  ...rulesAt('spec', [cpuListRule('dedicatedCpus'), cpuListRule('sharedCpus'), disjointRule]),
  ...rulesAt('spec.networks[]', [networkRule]),
  ...rulesAt('spec.reservedHugepages', [hugepagesRule]),
];
