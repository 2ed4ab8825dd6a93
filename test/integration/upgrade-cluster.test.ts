// The upgrade contract on a cluster (docs/decisions/0011-upgrade-contract.md): the base release runs VMs, today's takes over, is put back,
// and takes over again. Judged by the API, by libvirt and by the kernel, never by the product.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { ClusterLog } from './support/cluster-log.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';
import { cpusIn, vcpuThread } from './support/live-process.ts';
import { deaf, romImage, shared, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { until } from './support/until.ts';
import { cpusTwice, domainsOn } from './support/upgrade/domains.ts';
import type { DomainOnHost } from './support/upgrade/domains.ts';
import { blankImage, classManifest, guests, imageManifest } from './support/upgrade/guests.ts';
import type { GuestName } from './support/upgrade/guests.ts';
import { hardwareOf } from './support/upgrade/hardware.ts';
import type { Hardware } from './support/upgrade/hardware.ts';
import { SlowImage } from './support/upgrade/slow-image.ts';
import { standingOf } from './support/upgrade/standing.ts';
import type { Standing } from './support/upgrade/standing.ts';
import { dedicatedCpus, UpgradeCluster } from './support/upgrade/upgrade-cluster.ts';
import { bothVersions } from './support/upgrade/versions.ts';
import type { Versions } from './support/upgrade/versions.ts';

/** Those that run throughout. */
const running = Object.keys(guests) as readonly GuestName[];
/** The vCPU of each realtime VM that an audit reads. */
const realtimeVcpus = { mixed: 1, dedicated: 0 } as const;

describeWithKubeApi('a cluster of the base release', () => {
  let versions: Versions;
  let images: SlowImage;
  let cluster: UpgradeCluster;
  let log: ClusterLog;
  /** CPUs that some revision of a table gave to two VMs. */
  const givenTwice: string[] = [];
  /** How each VM stood, and its domain, when the version before had settled. */
  let before: { readonly standings: Readonly<Record<string, Standing>>; readonly domains: ReadonlyMap<string, DomainOnHost> };
  /** What each VM's guest saw under the base release. */
  const hardware = new Map<string, Hardware>();
  let probes = 0;

  beforeAll(async () => {
    images = await SlowImage.serve(deafRom);
    cluster = await UpgradeCluster.start(images);
    versions = await bothVersions(join(cluster.api.dir, 'versions'));
    log = new ClusterLog(cluster.api.etcdUrl, (event) => {
      if (event.type !== 'table') return;
      const cpus = event.guests?.flatMap(({ placement: { vcpuPins, reservedCpus } }) => [...vcpuPins.flatMap(({ cpu }) => cpu ?? []), ...cpusIn(reservedCpus)]) ?? [];
      if (new Set(cpus).size < cpus.length) givenTwice.push(`${cpus.join()} on ${event.node} at revision ${event.revision}`);
    });
    await cluster.applyCrds(versions.base);
    await cluster.describeNodes();
    await cluster.runController(versions.base);
    await cluster.runAgents(versions.base);
    await create(paths.classes, classManifest);
    const slow = imageManifest('slow', { format: 'rom', source: { url: images.url, sha256: images.sha256 } });
    for (const image of [romImage('deaf'), imageManifest('blank', blankImage), slow]) await create(paths.images, image);
    for (const [name, spec] of Object.entries({ ...guests, halted: guests.shared, bound: guests.whole })) await create(paths.vms, vm(name, spec));
    await create(paths.vms, vm('fetched', { ...shared, image: { name: 'slow' }, terminationGracePeriodSeconds: 1 }));
    for (const name of [...running, 'halted', 'bound']) await ready(name);
    for (const [name, { xml }] of await domains()) hardware.set(name, hardwareOf(xml));
    for (const name of ['halted', 'bound']) await spec(name, { runStrategy: 'Halted' });
    await stopped('halted', (status) => status.placement === undefined);
    await stopped('bound', (status) => status.boundTo !== undefined);
    await vmWhen('fetched', ({ status }) => status?.phase === 'Starting' && images.fetching === 1);
    await settled();
    await remember();
  }, 300_000);

  afterAll(async () => {
    await log.stop();
    await cluster[Symbol.asyncDispose]();
    await images[Symbol.asyncDispose]();
  });

  const create = async (path: string, body: object) => cluster.objects.create<KubeVm>(path, body);
  const spec = async (name: string, change: object) => cluster.objects.patch<KubeVm>(`${paths.vms}/${name}`, { spec: change });

  async function vmWhen(name: string, wanted: (vm: KubeVm) => boolean): Promise<KubeVm> {
    return (await cluster.objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => object !== undefined && wanted(object)))!;
  }

  async function ready(name: string): Promise<void> {
    await vmWhen(name, (object) => object.status?.observedGeneration === object.metadata.generation && kubeCondition(object, 'Ready')?.status === 'True');
  }

  async function stopped(name: string, wanted: (status: NonNullable<KubeVm['status']>) => boolean): Promise<void> {
    await vmWhen(name, ({ status, metadata }) => status?.observedGeneration === metadata.generation && status.phase === 'Stopped' && wanted(status));
  }

  async function remove(name: string): Promise<void> {
    await cluster.objects.delete(`${paths.vms}/${name}`);
    await cluster.objects.when(`${paths.vms}/${name}`, (object) => object === undefined);
  }

  /** Of all hosts, by VM; a VM with two would be in `givenTwice`. */
  async function domains(): Promise<ReadonlyMap<string, DomainOnHost>> {
    const all = new Map<string, DomainOnHost>();
    for (const host of cluster.hosts.values()) {
      const found = await domainsOn(host);
      expect(cpusTwice(found, dedicatedCpus)).toEqual([]);
      for (const [name, domain] of found) {
        expect(all.has(name), `${name} has a domain on each host`).toBe(false);
        all.set(name, domain);
      }
    }
    return all;
  }

  async function standings(): Promise<Readonly<Record<string, Standing>>> {
    const all = await cluster.objects.list<KubeVm>(paths.vms);
    return Object.fromEntries(all.map((one) => [one.metadata.name, standingOf(one)]));
  }

  async function remember(): Promise<void> {
    before = { standings: await standings(), domains: await domains() };
  }

  /**
   * Whoever is at work now has looked at everything: the controller says that it has seen a change of each VM's spec that is none of its
   * guest's, each agent has set a thread right, and a new VM was placed, run and removed.
   */
  async function settled(): Promise<void> {
    for (const { metadata: { name }, spec: { evictionStrategy } } of await cluster.objects.list<KubeVm>(paths.vms)) {
      const { metadata: { generation } } = await spec(name, { evictionStrategy: evictionStrategy === 'Shutdown' ? 'Block' : 'Shutdown' });
      await vmWhen(name, ({ status }) => (status?.observedGeneration ?? 0) >= generation);
    }
    const found = await domains();
    for (const [name, number] of Object.entries(realtimeVcpus)) {
      const thread = () => vcpuThread(Number(found.get(name)!.qemu!.split('@')[0]), number);
      const scheduling = thread().scheduling;
      expect(scheduling).toMatch(/^FIFO/);
      execFileSync('chrt', ['--other', '--pid', '0', String(thread().tid)]);
      await until(`the thread of ${name} is set right`, () => thread().scheduling === scheduling);
    }
    probes += 1;
    await placed(`probe-${probes}`, { ...shared, ...deaf });
    await log.caughtUp();
    expect(givenTwice).toEqual([]);
  }

  /** A new VM runs, and goes. */
  async function placed(name: string, one: object): Promise<void> {
    await create(paths.vms, vm(name, one));
    await ready(name);
    await remove(name);
  }

  /** No domain is another or was changed, and every VM comes to stand as it stood. */
  async function expectUntouched(): Promise<void> {
    expect(await domains()).toEqual(before.domains);
    await expect.poll(standings, { timeout: 60_000, interval: 100 }).toEqual(before.standings);
    expect(await domains()).toEqual(before.domains);
    expect(images.fetching).toBe(1);
  }

  async function changeTo(version: keyof Versions, order: 'controller first' | 'agents first'): Promise<void> {
    await cluster.run(versions[version], order, async () => {
      await settled();
      await expectUntouched();
    });
    await settled();
    await expectUntouched();
  }

  /** Its guest is started anew, and sees the machine that it saw. */
  async function restarted(name: GuestName): Promise<void> {
    const { status } = await vmWhen(name, () => true);
    await spec(name, { restartedAt: new Date(Date.now() + 1000).toISOString().replace(/\.\d+Z$/, 'Z') });
    await vmWhen(name, (object) => object.status?.domain?.startedAt !== status?.domain?.startedAt && kubeCondition(object, 'Ready')?.status === 'True');
    await sameHardware(name);
  }

  async function sameHardware(name: string): Promise<void> {
    expect(hardwareOf((await domains()).get(name)!.xml)).toEqual(hardware.get(name));
  }

  /** Where the NodeLocal disk of a VM is. */
  function dataDisk(name: string): unknown {
    const { xml } = before.domains.get(name) ?? { xml: '' };
    const file = /<source file='([^']+data[^']*)'/.exec(xml)?.[1];
    return file === undefined ? undefined : [file, statSync(file).ino];
  }

  it('is upgraded: CRDs, then the controller, then the agents', async () => {
    await cluster.applyCrds(versions.today);
    await expectUntouched();
    await changeTo('today', 'controller first');
  });

  it('restarts guests on the machines that they had', async () => {
    const disk = dataDisk('whole');
    expect(disk).toBeDefined();
    for (const name of ['mixed', 'whole'] as const) await restarted(name);
    await remember();
    expect(dataDisk('whole')).toEqual(disk);
  });

  it('is put back, and goes on with what both have started; the CRDs stay', async () => {
    await changeTo('base', 'agents first');
  });

  it('is upgraded again', async () => {
    await changeTo('today', 'agents first');
  });

  it('places every kind of VM anew, and every VM that it had', async () => {
    for (const name of ['mixed', 'dedicated'] as const) {
      await spec(name, { runStrategy: 'Halted' });
      await stopped(name, ({ placement }) => placement === undefined);
      await placed(`another-${name}`, guests[name]);
      await spec(name, { runStrategy: 'Always' });
      await ready(name);
      await sameHardware(name);
    }
    for (const name of ['shared', 'whole'] as const) {
      await placed(`another-${name}`, guests[name]);
      await restarted(name);
    }
  });

  it('starts what was halted, what is bound where it is bound, and what was being fetched', async () => {
    const { status } = await vmWhen('bound', () => true);
    for (const name of ['halted', 'bound']) {
      await spec(name, { runStrategy: 'Always' });
      await ready(name);
      await sameHardware(name);
    }
    expect((await vmWhen('bound', () => true)).status?.placement?.nodeName).toBe(status?.boundTo);
    expect((await domains()).has('fetched')).toBe(false);
    images.release();
    await ready('fetched');
    await log.caughtUp();
    expect(givenTwice).toEqual([]);
  });

  it('leaves nothing when all is deleted', async () => {
    for (const { metadata: { name } } of await cluster.objects.list<KubeVm>(paths.vms)) await cluster.objects.delete(`${paths.vms}/${name}`);
    await until('all VMs are gone', async () => (await cluster.objects.list(paths.vms)).length === 0);
    for (const host of cluster.hosts.values()) await host.nothingIsLeft();
  });
});
