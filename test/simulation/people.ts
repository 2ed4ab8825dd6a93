/** What people and their pipelines do with VMs. */
import type { Draft } from '../../src/store/resource.ts';
import { at, namespace } from './world.ts';
import type { Happens, Vm, World } from './world.ts';

const names = ['press', 'relay', 'radio', 'robot', 'desk', 'pump'];
/** As long as a name may be. */
const longName = 'x'.repeat(63);
/** A pipeline that was refused tries again. */
const applyAgainMs = 20_000;

/** Each contends for something else: a core, pages, a NodeLocal home, all of a host; two are the administrator's. */
const shapes: readonly object[] = [
  { cpu: { vcpus: 2, policy: 'Mixed', realtime: { priority: 5 } }, memory: { size: '64Mi', pageSize: '2Mi' } },
  { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' } },
  {
    cpu: { vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate', realtime: {} },
    memory: { size: '256Mi', pageSize: '2Mi' },
  },
  {
    cpu: { vcpus: 2, policy: 'Dedicated', emulatorThreads: 'Share', realtime: {} },
    memory: { size: '64Mi', pageSize: '2Mi' },
    numa: { nodes: 2 },
  },
  { cpu: { vcpus: 2 }, memory: { size: '64Mi' } },
  { className: 'gold' },
];

/** What a tenant may ask for at most: the longest name, all that a node has, as many disks as there may be. */
const greatest = (userData: number) => ({
  cpu: { vcpus: 2, policy: 'Mixed', realtime: { mask: '0-1,^0', priority: 49 } },
  memory: { size: '512Mi', pageSize: '2Mi' },
  cloudInit: { userData: '#'.repeat(userData) },
  disks: Array.from({ length: 32 }, (_, index) => ({
    name: `${'d'.repeat(60)}-${index}`, emptySize: '1Mi', persistence: 'Ephemeral',
  })),
});
/** Each byte is in every version of its table: all that there may be only now and then. */
const [mostUserData, someUserData] = [262_144, 1000];

/** A class and an image, which an administrator may delete, and makes again. */
export const gold = {
  kind: 'RealtimeVMClass', metadata: { name: 'gold' },
  spec: {
    cpu: { vcpus: 2, policy: 'Mixed', realtime: { priority: 3 } }, memory: { size: '64Mi', pageSize: '2Mi' },
    allow: { nodeLocalDisks: true },
  },
} as unknown as Draft<'RealtimeVMClass'>;
export const linux = {
  kind: 'RealtimeImage', metadata: { namespace, name: 'linux' }, spec: { format: 'raw', source: { path: 'linux.raw' } },
} as unknown as Draft<'RealtimeImage'>;

async function create(world: World, name: string | undefined, shape: object, how: number): Promise<void> {
  if (name === undefined) return;
  const data = { name: 'data', emptySize: '1Mi', persistence: how % 0.1 < 0.03 ? 'NodeLocal' : 'Ephemeral' };
  const system = how % 0.01 < 0.003 ? [{ name: 'system', image: 'linux' }] : [];
  const evictionStrategy = how % 0.01 < 0.005 ? 'Shutdown' : 'Block';
  const spec = { disks: [...system, data], terminationGracePeriodSeconds: 30, evictionStrategy, ...shape };
  const draft = { kind: 'RealtimeVM', metadata: { namespace, name }, spec } as unknown as Draft<'RealtimeVM'>;
  // Of that name there may be one still that is being deleted: whoever applies it tries again later.
  await world.person.create(draft)
    .catch(() => world.cluster.clock.after(applyAgainMs, () => void create(world, name, shape, how)));
}

export async function write(world: World, vm: Vm | undefined, spec: Partial<Vm['spec']>): Promise<void> {
  if (vm !== undefined) await world.person.update({ ...vm, spec: { ...vm.spec, ...spec } });
}

const unused = (world: World, who: number) =>
  at(names.filter((name) => !world.vms.some(({ metadata }) => metadata.name === name)), who);

export const people = {
  create: (world, { who, how }) => create(world, unused(world, who), at(shapes, how)!, how),
  'create the greatest': (world, { how }) => create(world, longName, greatest(how < 0.02 ? mostUserData : someUserData), how),
  halt: (world, { vm }) => write(world, vm, { runStrategy: 'Halted' }),
  start: (world, { vm, how }) => write(world, vm, { runStrategy: how < 0.7 ? 'Always' : 'RerunOnFailure' }),
  restart: (world, { vm }) => write(world, vm, { restartedAt: world.cluster.clock.date().toISOString() }),
  edit: (world, { vm, how }) => write(world, vm, at(shapes, how) as Partial<Vm['spec']>),
  delete: async (world, { vm }) => {
    if (vm !== undefined) await world.person.delete('RealtimeVM', vm.metadata);
  },
  'delete and create': async (world, { vm, how }) => {
    if (vm === undefined) return;
    await world.person.delete('RealtimeVM', vm.metadata);
    await create(world, vm.metadata.name, at(shapes, how)!, how);
  },
} satisfies Readonly<Record<string, Happens>>;
