/**
 * An agent that lies: whoever has taken over a node writes, with the agent's own credentials, whatever its schema
 * lets through: that nothing is left of what runs, that what ended is verified, that VMs of other nodes live here.
 */
import type { Stored } from '../../src/store/resource.ts';
import { startAgain } from './accidents.ts';
import { at, longestMs, systemNamespace } from './world.ts';
import type { Happens, World } from './world.ts';

type Table = Stored<'RealtimeAllocation'>;
type Status = NonNullable<Table['status']>;
type Said = Status['guests'][number];

/** Between one lie and the next. */
const lieMs = 5000;

const lies: readonly ((table: Table, world: World) => Partial<Status>)[] = [
  // Nothing runs, and all that was asked is done.
  ({ spec: { guests } }) => ({
    guests: guests.map(({ vm, desired, grant, request }): Said => ({
      uid: vm.uid, phase: desired === 'Running' ? 'Stopped' : desired,
      ...(grant === undefined ? {} : { grant: grant.name }), ...(request === undefined ? {} : { request }),
      ...(desired === 'Running' ? { answered: 'Stopped' } : { answered: desired }),
    })),
  }),
  // All runs, and is as it should be.
  ({ spec: { guests } }) => ({
    guests: guests.map(({ vm, grant }): Said => ({
      uid: vm.uid, phase: 'Running', lives: true, ...(grant === undefined ? {} : { grant: grant.name }),
      audit: { verdict: 'Verified', findings: [] },
    })),
  }),
  // Every VM that there is lives here, on other VMs' CPUs.
  ({ metadata: { name: node } }, world) => ({
    unlisted: world.vms.map(({ metadata: { namespace, name, uid, generation } }) => ({
      grant: `of a liar ${uid}`, domain: name, uuid: uid, generation,
      vm: { namespace, name, uid },
      placement: {
        nodeName: node, cells: [], vcpuPins: [], realtimeVcpus: '', emulatorCpus: '', reservedCpus: '2-3,6-7',
        devices: [], extraMemoryMiB: 0,
      },
    })),
  }),
  // VMs that nobody has heard of, and a later table than there is.
  ({ metadata: { name: node } }) => ({
    wentBack: 'Yes',
    unlisted: [{
      grant: 'of a liar', domain: 'nobody', uuid: '11111111-1111-4111-8111-111111111111', generation: 1,
      vm: { namespace: 'nowhere', name: 'nobody', uid: `of ${node}` },
    }],
  }),
];

async function lieOnce(world: World, node: string, session: string, number: number, how: number): Promise<void> {
  const table = await world.person.get('RealtimeAllocation', { name: node });
  if (table === undefined) return;
  const { term } = table.spec;
  const said = at(lies, how)!(table, world);
  const status = { guests: [], ...said, session, number, ...(term === undefined ? {} : { term }) };
  await world.person.updateStatus({ ...table, status });
  const lease = await world.person.getForeign('Lease', { namespace: systemNamespace, name: node });
  if (lease === undefined) return;
  const annotations = { ...lease.metadata.annotations, 'rtvm.dev/statement': `${session}/${number}` };
  const renewTime = world.cluster.clock.date().toISOString().replace('Z', '000Z');
  await world.person.updateForeign('Lease', {
    ...lease, metadata: { ...lease.metadata, annotations }, spec: { ...lease.spec, renewTime },
  });
}

export const lie: Happens = (world, { node, how }) => {
  const { cluster, dark, calledOff, lying } = world;
  if (dark.has(node) || calledOff.has(node) || lying.has(node)) return;
  world.note({ type: 'lies', node });
  cluster.kill(node);
  lying.add(node);
  world.haveLied.add(node);
  world.deceived.add(node);
  const random = cluster.stream();
  const session = random.uuid();
  let number = 0;
  const again = () => {
    if (!lying.has(node)) return;
    number += 1;
    void lieOnce(world, node, session, number, random.fraction());
    cluster.clock.after(lieMs, again);
  };
  again();
  world.lasts(`lies of ${node}`, how * longestMs, () => {
    lying.delete(node);
    world.note({ type: 'liesEnd', node });
    startAgain(world, node);
  });
};
