/** The guest's memory: page size and locking. Rule 4.8. */
import { unless } from '../checked.ts';
import type { GuestMemory } from '../guest.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import type { PageSize, ShapeSpec } from '../spec.ts';

/** Large for a realtime guest that does not say, since a TLB miss on small pages costs a realtime vCPU a page walk. */
export function pageSizeOf({ cpu, memory }: ShapeSpec): PageSize {
  return memory.pageSize ?? (cpu.realtime === undefined ? 'Small' : 'Large');
}

/** The smallest page that could hold the guest, in MiB: memory must be a multiple of it. Small pages are below 1 MiB. */
export function pageStepMiB(pageSize: PageSize): number {
  switch (pageSize) {
    case 'Small':
    case 'Any':
      return 1;
    case 'Large':
    case '2Mi':
      return 2;
    case '1Gi':
      return 1024;
  }
}

/** Codes: `MEMORY_SIZE`, `MEMORY_NOT_WHOLE_PAGES`, `MEMORY_LOCK_REALTIME`; a warning `REALTIME_SMALL_PAGES`. */
export function resolveMemory(shape: ShapeSpec): Checked<GuestMemory> {
  const { sizeMiB, locked } = shape.memory;
  const realtime = shape.cpu.realtime !== undefined;
  const pageSize = pageSizeOf(shape);
  const step = pageStepMiB(pageSize);
  const problems: FieldProblem[] = [];
  if (!Number.isInteger(sizeMiB) || sizeMiB < 1) {
    problems.push({ code: 'MEMORY_SIZE', path: 'spec.memory.size', value: `${sizeMiB}Mi`, message: 'is not a memory size; accepted: 1Mi or more, in whole MiB' });
  } else if (sizeMiB % step !== 0) {
    problems.push({ code: 'MEMORY_NOT_WHOLE_PAGES', path: 'spec.memory.size', value: `${sizeMiB}Mi`, message: wholePages(pageSize, step) });
  }
  if (realtime && locked === false) {
    problems.push({ code: 'MEMORY_LOCK_REALTIME', path: 'spec.memory.locked', value: locked, message: 'cannot be false in a realtime guest, which a page fault would stop; accepted: true, or no such field' });
  }
  const warnings: readonly FieldProblem[] = realtime && pageSize === 'Small'
    ? [{ code: 'REALTIME_SMALL_PAGES', path: 'spec.memory.pageSize', value: pageSize, message: 'adds TLB misses to the latency of realtime vCPUs; Large, 2Mi or 1Gi avoid them' }]
    : [];
  return unless(problems, () => ({ sizeMiB, pageSize, locked: locked ?? realtime }), warnings);
}

/** What is wrong with memory that no whole number of pages makes. */
export function wholePages(pageSize: PageSize, stepMiB: number): string {
  const step = stepMiB % 1024 === 0 ? `${stepMiB / 1024}Gi` : `${stepMiB}Mi`;
  return `is not a whole number of pages of ${step} (pageSize ${pageSize}); accepted: a multiple of ${step}, or another pageSize`;
}
