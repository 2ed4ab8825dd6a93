/** Where we mean to differ from Nova, and why. Everything else must agree. */
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import type { Guest } from '../../src/realtime/guest.ts';
import type { NovaCase, Verdict } from './cases.ts';

type Outcome = 'error' | 'no cells' | 'fits' | 'does not fit';

export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Whether a request on a host is of this kind; the guest is absent where resolving refuses it. */
  readonly applies: (asked: NovaCase, guest: Guest | undefined) => boolean;
  readonly nova: readonly Outcome[];
  readonly ours: readonly Outcome[];
}

export function outcomeOf(verdict: Verdict): Outcome {
  if ('error' in verdict) return 'error';
  if ('cells' in verdict) return 'no cells';
  return verdict.fits ? 'fits' : 'does not fit';
}

const anyFit: readonly Outcome[] = ['fits', 'does not fit'];

/** The mask that Nova reads: an image's, unless it is empty. */
function novaMask({ imageMask, mask }: NovaCase['request']): string {
  return imageMask === undefined || imageMask === '' ? mask ?? '' : imageMask;
}

function threadsPerCore({ cores }: NovaCase['host']): number {
  return Math.max(...cores.map((core) => CpuSet.parse(core).size));
}

function inWholePages({ page, memoryMiB, nodes = 1, cellMiB }: NovaCase['request']): boolean {
  const pageMiB = page === '1GB' ? 1024 : page === '2MB' || page === 'large' ? 2 : 1;
  return (cellMiB ?? [memoryMiB / nodes]).every((mebibytes) => mebibytes % pageMiB === 0);
}

export const differences: readonly Difference[] = [
  {
    name: 'absent mask',
    reason: 'Where no mask is given vCPU 0 is reserved here; Nova calls that an error. A blank mask counts as absent here, too.',
    applies: ({ request }) => request.realtime === true && novaMask(request).trim() === '',
    nova: ['error'],
    ours: anyFit,
  },
  {
    name: 'image mask without realtime',
    reason: 'Nova ignores an image\'s mask until realtime is on; we check it in full, so that a wrong one is told when it is written.',
    applies: ({ request }) => request.realtime === undefined && request.imageMask !== undefined,
    nova: [...anyFit, 'no cells'],
    ours: ['error'],
  },
  {
    name: 'empty item in a mask',
    reason: 'Nova skips what is between two commas; it is more likely a slip than meant.',
    applies: ({ request }) => [request.mask, request.imageMask, request.dedicatedMask].some((mask) => mask?.includes(',,') === true),
    nova: [...anyFit, 'no cells'],
    ours: ['error'],
  },
  {
    name: 'Mixed with every vCPU realtime',
    reason: 'Policy Mixed means at least one vCPU of each kind; Nova lets a realtime mask make all of them dedicated.',
    applies: ({ request }) => request.policy === 'mixed' && request.realtime === true && request.emulator !== undefined,
    nova: anyFit,
    ours: ['error'],
  },
  {
    name: 'memory that is no whole number of pages',
    reason: 'It fits no host, ever, so we say so when the VM is written and not when it is placed.',
    applies: ({ request }) => !inWholePages(request),
    nova: ['does not fit'],
    ours: ['error'],
  },
  {
    name: 'small pages asked for by name',
    reason: 'A guest without huge pages, dedicated vCPUs or numa floats over the host; Nova gives it a cell because it named its page size.',
    applies: ({ request }) => request.page === 'small' && request.nodes === undefined && (request.policy === null || request.policy === 'shared'),
    nova: anyFit,
    ours: ['no cells'],
  },
  {
    name: 'realtime without a page size',
    reason: 'Gets huge pages here, small ones in Nova.',
    applies: ({ request }) => request.realtime === true && request.page === undefined,
    nova: anyFit,
    ours: anyFit,
  },
  {
    name: 'no page size on a host with small pages in use',
    reason: 'Nova compares with the node\'s total, as it lets small pages overcommit; we count what is free.',
    applies: ({ host, request }) => request.realtime === undefined && request.page === undefined && host.nodes.some(({ smallGiB: [, used] }) => used > 0),
    nova: ['fits'],
    ours: ['does not fit'],
  },
  {
    name: 'any or large pages on two nodes',
    reason: 'Nova keeps the page size that it chose on a node where the CPUs then did not fit, and asks the next node for it.',
    applies: ({ host, request }) => (request.page === 'any' || request.page === 'large') && host.nodes.length === 2,
    nova: ['does not fit'],
    ours: ['fits'],
  },
  {
    name: 'Isolate on SMT hosts',
    reason: 'Nova refuses it unless shared and dedicated CPUs are one set, since it does not reserve the siblings; we do.',
    applies: ({ host, request }) => request.thread === 'isolate' && host.legacy === undefined && threadsPerCore(host) > 1,
    nova: ['does not fit'],
    ours: ['fits'],
  },
  {
    name: 'Require on cores of four threads',
    reason: 'We give whole cores; Nova takes any two free siblings, so that other VMs run beside them.',
    applies: ({ host, request }) => request.thread === 'require' && threadsPerCore(host) === 4,
    nova: ['fits'],
    ours: anyFit,
  },
  {
    name: 'Mixed with a cell where every vCPU floats',
    reason: 'Nova takes the empty list of pins for a failure and never places such a guest.',
    applies: ({ request }, guest) => request.policy === 'mixed' && guest?.cells.some(({ vcpus }) => !vcpus.overlaps(guest.cpu.dedicatedVcpus)) === true,
    nova: ['does not fit'],
    ours: ['fits'],
  },
  {
    name: 'Share without shared CPUs',
    reason: 'Emulator threads would have nowhere to run; Nova finds that out when the guest starts, we when it is placed.',
    applies: ({ host, request }) => request.emulator === 'share' && host.shared === undefined,
    nova: ['fits'],
    ours: ['does not fit'],
  },
];
