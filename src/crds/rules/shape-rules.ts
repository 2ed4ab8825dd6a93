/** What cpu, memory and numa say of each other, whether a class or a VM states them. Rules 4.1 and 4.8. */
import { cpuListRule, isFilledCpuList, overlap, rangesOf } from './cel-cpu-list.ts';
import { isSize, kibOf, sizeRule } from './cel-size.ts';
import { cpuRules } from './cpu-rules.ts';
import type { Rule } from './rule.ts';
import { rulesAt, told } from './rule.ts';

type SpecRule = Omit<Rule, 'at'>;

/** A VM may lack either, which another rule tells. */
const stated = 'has(self.cpu) && has(self.memory)';
const pageSize = '(has(self.memory.pageSize) ? self.memory.pageSize : has(self.cpu.realtime) ? "Large" : "Small")';
/** The smallest page that could hold the guest, in KiB; never less than the MiB in which libvirt counts. */
const stepKib = `{"Small": 1024, "Any": 1024, "Large": 2048, "2Mi": 2048, "1Gi": 1048576}[${pageSize}]`;
const stepName = `{"Small": "1Mi", "Any": "1Mi", "Large": "2Mi", "2Mi": "2Mi", "1Gi": "1Gi"}[${pageSize}]`;
const notWholePages = (size: string): string => told('"%s" is not a whole number of pages of %s (pageSize %s); accepted: a multiple of %s, or another pageSize', size, stepName, pageSize, stepName);
const memoryStated = `${stated} && ${isSize('self.memory.size')}`;

const memoryRules: readonly SpecRule[] = [
  {
    rule: `!(${memoryStated}) || ${kibOf('self.memory.size')} % ${stepKib} == 0`,
    fieldPath: '.memory.size',
    message: 'is not a whole number of pages; accepted: a multiple of the page size, or another pageSize',
    messageExpression: notWholePages('self.memory.size'),
  },
  {
    rule: `!(${stated}) || !has(self.cpu.realtime) || !has(self.memory.locked) || self.memory.locked`,
    fieldPath: '.memory.locked',
    message: 'cannot be false in a realtime guest, which a page fault would stop; accepted: true, or no such field',
  },
];

const nodesStated = `${stated} && has(self.numa) && has(self.numa.nodes) && !has(self.numa.cells)`;

const evenCellRules: readonly SpecRule[] = [
  {
    rule: `!(${nodesStated}) || self.cpu.vcpus % self.numa.nodes == 0`,
    fieldPath: '.numa.nodes',
    message: 'does not divide the vCPUs evenly; accepted: a divisor of vcpus, or numa.cells that say which vCPUs go where',
    messageExpression: told('%d does not divide %d vCPUs evenly; accepted: a divisor of %d, or numa.cells that say which vCPUs go where', 'self.numa.nodes', 'self.cpu.vcpus', 'self.cpu.vcpus'),
  },
  {
    rule: `!(${nodesStated} && ${isSize('self.memory.size')}) || ${kibOf('self.memory.size')} % (self.numa.nodes * ${stepKib}) == 0`,
    fieldPath: '.numa.nodes',
    message: 'does not divide the memory into even cells of whole pages; accepted: another memory.size, or numa.cells that say how much goes where',
    messageExpression: told('%d does not divide %s of memory into even cells of whole pages (pageSize %s); accepted: memory.size a multiple of %dMi, or numa.cells that say how much goes where', 'self.numa.nodes', 'self.memory.size', pageSize, `self.numa.nodes * ${stepKib} / 1024`),
  },
];

const cellsStated = 'has(self.cpu) && has(self.numa) && has(self.numa.cells) && !has(self.numa.nodes)';
const listsRead = `${cellsStated} && self.numa.cells.all(c, ${isFilledCpuList('c.vcpus')})`;
const cellRanges = `[self.numa.cells.map(c, ${rangesOf('c.vcpus')})]`;
/** Whether one of `cells` has the vCPU. */
const holds = (vcpu: string): string => `cells.exists(o, o.exists(r, r[0] <= ${vcpu} && ${vcpu} <= r[1]))`;

const givenCellRules: readonly SpecRule[] = [
  {
    rule: `!(${listsRead}) || ${cellRanges}.all(cells, cells.all(c, c.all(i, i[1] < self.cpu.vcpus)))`,
    fieldPath: '.numa.cells',
    message: 'name vCPUs that the guest does not have; accepted: vCPUs below the number in cpu.vcpus',
    messageExpression: told('name vCPUs that the guest does not have; accepted: vCPUs 0-%d', 'self.cpu.vcpus - 1'),
  },
  {
    // Each cell shares vCPUs with itself alone.
    rule: `!(${listsRead}) || ${cellRanges}.all(cells, cells.all(c, cells.exists_one(o, c.exists(i, o.exists(r, ${overlap('i', 'r')})))))`,
    fieldPath: '.numa.cells',
    message: 'name a vCPU in more than one cell; accepted: each vCPU in one cell',
  },
  {
    // The first vCPU that is missing is 0 or comes after one that is there.
    rule: `!(${listsRead}) || ${cellRanges}.all(cells, ${holds('0')} && cells.all(c, c.all(i, i[1] + 1 >= self.cpu.vcpus || ${holds('i[1] + 1')})))`,
    fieldPath: '.numa.cells',
    message: 'leave out vCPUs; accepted: each vCPU in one cell',
    messageExpression: told('leave out vCPUs; accepted: each of vCPUs 0-%d in one cell', 'self.cpu.vcpus - 1'),
  },
  {
    rule: `!(${stated} && ${cellsStated}) || self.numa.cells.all(c, !${isSize('c.memory')} || ${kibOf('c.memory')} % ${stepKib} == 0)`,
    fieldPath: '.numa.cells',
    message: 'have memory that is not a whole number of pages; accepted: multiples of the page size, or another pageSize',
    messageExpression: notWholePages(`self.numa.cells.filter(c, ${isSize('c.memory')} && ${kibOf('c.memory')} % ${stepKib} != 0)[0].memory`),
  },
  {
    rule: `!(${memoryStated} && ${cellsStated} && self.numa.cells.all(c, ${isSize('c.memory')})) || self.numa.cells.map(c, ${kibOf('c.memory')}).sum() == ${kibOf('self.memory.size')}`,
    fieldPath: '.numa.cells',
    message: 'do not hold the memory of memory.size together; accepted: cells whose memory adds up to it',
    messageExpression: told('hold %dMi together, not the %s of memory.size; accepted: cells whose memory adds up to it', `self.numa.cells.map(c, ${kibOf('c.memory')}).sum() / 1024`, 'self.memory.size'),
  },
];

const numaRule: SpecRule = {
  rule: 'has(self.nodes) != has(self.cells)',
  message: 'has neither or both of nodes and cells; accepted: nodes (a number of even cells) or cells (one by one)',
  messageExpression: told('has %s; accepted: nodes (a number of even cells) or cells (one by one)', '(has(self.nodes) ? "both nodes and cells" : "neither nodes nor cells")'),
};

const filledRule: SpecRule = { rule: 'self.vcpus != ""', fieldPath: '.vcpus', message: 'names no vCPU; accepted: at least one vCPU in each cell' };

/** All rules of a spec that has cpu, memory and numa. */
export const shapeRules: readonly Rule[] = [
  ...rulesAt('spec.cpu', cpuRules),
  ...rulesAt('spec.memory', [sizeRule('size')]),
  ...rulesAt('spec.numa', [numaRule]),
  ...rulesAt('spec.numa.cells[]', [cpuListRule('vcpus'), filledRule, sizeRule('memory')]),
  ...rulesAt('spec', [...memoryRules, ...evenCellRules, ...givenCellRules]),
];
