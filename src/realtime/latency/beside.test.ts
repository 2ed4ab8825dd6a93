import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { sampleGuest, sampleHost } from '../place/sample-hosts.ts';
import { placeBeside } from './beside.ts';

const host = sampleHost({ nodes: ['0-7'], cores: ['0-1', '2-3', '4-5', '6-7'], dedicated: '2-7', shared: '0-1' });
const guest = sampleGuest({ vcpus: 2, policy: 'Dedicated', coreSharing: 'Allow' });
const cpus = (list: string) => CpuSet.parse(list);

describe('a measurement on a host with others', () => {
  it('takes what nobody has, and no CPU that shares a core with one that is held', () => {
    const free = placeBeside(host, guest, [], { disturb: false });
    expect(free).toMatchObject({ kind: 'placed' });
    // Cores are {0,1} {2,3} {4,5} {6,7}, CPUs 2-7 for guests: with one CPU of each core held there is none left.
    const holders = ['2', '4', '6'].map((list) => ({ uuid: list, cpus: cpus(list) }));
    expect(placeBeside(host, guest, holders, { disturb: false })).toMatchObject({ kind: 'refused' });
    expect(placeBeside(host, guest, holders, { disturb: true })).toMatchObject({ kind: 'placed' });
    expect(placeBeside(host, guest, [{ uuid: 'all', cpus: cpus('2-7') }], { disturb: true })).toMatchObject({
      kind: 'refused',
    });
  });
});
