// The upgrade contract on a cluster (docs/decisions/0011-upgrade-contract.md): the base release runs VMs, today's
// takes over, is put back, and takes over again. Judged by the API, libvirt and the kernel, never by the product.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import type { TableGuest } from './support/chaos-events.ts';
import { ClusterLog } from './support/cluster-log.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';
import { cpusIn, vcpuThread } from './support/live-process.ts';
import { romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { until } from './support/until.ts';
import { cpusTwice, domainsOn, domainXml, qemuPid } from './support/upgrade/domains.ts';
import type { DomainOnHost, DomainsByVm } from './support/upgrade/domains.ts';
import { blankImage, classManifest, guests, imageManifest, laterThanAll, plain } from './support/upgrade/guests.ts';
import type { GuestName } from './support/upgrade/guests.ts';
import { hardwareOf } from './support/upgrade/hardware.ts';
import type { Hardware } from './support/upgrade/hardware.ts';
import { SlowImage } from './support/upgrade/slow-image.ts';
import { standingOf } from './support/upgrade/standing.ts';
import type { Standings } from './support/upgrade/standing.ts';
import { dedicatedCpus, UpgradeCluster } from './support/upgrade/upgrade-cluster.ts';
import { bothVersions } from './support/upgrade/versions.ts';
import type { Versions } from './support/upgrade/versions.ts';
import { hasKvm } from './support/well-running.ts';

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
  let before: { readonly standings: Standings; readonly domains: DomainsByVm };
  /** What each VM's guest saw under the base release. */
  const hardware = new Map<string, Hardware>();
  let probes = 0;

  beforeAll(async () => {
    images = await SlowImage.serve(deafRom);
    cluster = await UpgradeCluster.start(images);
    versions = await bothVersions(join(cluster.api.dir, 'versions'));
    log = new ClusterLog(cluster.api.etcdUrl, (event) => {
      if (event.type !== 'table') return;
      const cpus = (event.guests ?? []).flatMap(ownCpus);
      const isTwice = new Set(cpus).size < cpus.length;
      if (isTwice) givenTwice.push(`${cpus.join()} on ${event.node} at revision ${event.revision}`);
    });
    await cluster.applyCrds(versions.base);
    await cluster.describeNodes();
    await cluster.runController(versions.base);
    await cluster.runAgents(versions.base);
    await create(paths.classes, classManifest);
    const slow = imageManifest('slow', { format: 'rom', source: { url: images.url, sha256: images.sha256 } });
    await create(paths.images, romImage('deaf'), imageManifest('blank', blankImage), slow);
    const specs = { ...guests, halted: plain, bound: guests.whole, fetched: { ...plain, image: { name: 'slow' } } };
    await create(paths.vms, ...Object.entries(specs).map(([name, one]) => vm(name, one)));
    for (const name of [...running, 'halted', 'bound']) await ready(name);
    for (const [name, { xml }] of await domains()) hardware.set(name, hardwareOf(xml));
    for (const name of ['halted', 'bound']) await spec(name, { runStrategy: 'Halted' });
    await stopped('halted', (status) => status.placement === undefined);
    await stopped('bound', (status) => status.boundTo !== undefined);
    await vmWhen('fetched', ({ status }) => status?.phase === 'Starting' && images.fetching === 1);
    await settled();
    // A busy machine may have had a thread corrected a moment ago: what is compared with is how they stand in the end.
    for (const name of running) await ready(name);
    await remember();
  }, 300_000);

  afterAll(async () => {
    await log.stop();
    await cluster[Symbol.asyncDispose]();
    await images[Symbol.asyncDispose]();
  });

  const at = (name: string) => `${paths.vms}/${name}`;
  const spec = async (name: string, change: object) => cluster.objects.patch<KubeVm>(at(name), { spec: change });

  async function create(path: string, ...bodies: readonly object[]): Promise<void> {
    for (const body of bodies) await cluster.objects.create(path, body);
  }

  async function vmWhen(name: string, wanted: (vm: KubeVm) => boolean): Promise<KubeVm> {
    return (await cluster.objects.when<KubeVm>(at(name), (object) => object !== undefined && wanted(object)))!;
  }

  async function ready(name: string): Promise<void> {
    // What is emulated is never ready, but for the base release.
    const isReady = (found: ReturnType<typeof kubeCondition>) => found?.status === 'True' || (!hasKvm && found?.reason === 'Emulated');
    await vmWhen(name, (object) => isSeen(object) && isReady(kubeCondition(object, 'Ready')));
  }

  async function stopped(name: string, wanted: (status: NonNullable<KubeVm['status']>) => boolean): Promise<void> {
    await vmWhen(name, (object) => isSeen(object) && object.status?.phase === 'Stopped' && wanted(object.status));
  }

  async function remove(name: string): Promise<void> {
    await cluster.objects.delete(at(name));
    await cluster.objects.when(at(name), (object) => object === undefined);
  }

  /** Of all hosts, by VM; a VM with two would be in `givenTwice`. */
  async function domains(): Promise<DomainsByVm> {
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

  async function standings(): Promise<Standings> {
    const all = await cluster.objects.list<KubeVm>(paths.vms);
    // The base release calls an emulated VM verified, and this one never does.
    const unlessEmulated = ({ conditions, ...rest }: Standings[string]) => (hasKvm ? { conditions, ...rest } : rest as Standings[string]);
    return Object.fromEntries(all.map((one) => [one.metadata.name, unlessEmulated(standingOf(one))]));
  }

  async function remember(): Promise<void> {
    before = { standings: await standings(), domains: await domains() };
  }

  /**
   * Whoever is at work now has looked at everything: the controller has seen a change of each VM's spec, none of its
   * guest's, each agent has set a thread right, and a new VM was placed, run and removed.
   * @param probe what becomes of a new VM.
   */
  async function settled(probe: (name: string, one: object) => Promise<void> = placed): Promise<void> {
    const all = await cluster.objects.list<KubeVm>(paths.vms);
    const found = await domains();
    probes += 1;
    await Promise.all([
      ...all.map(looksAt),
      ...Object.entries(realtimeVcpus).map(async ([name, number]) => corrects(found.get(name)!, number)),
      probe(`probe-${probes}`, plain),
    ]);
    await log.caughtUp();
    expect(givenTwice).toEqual([]);
  }

  async function looksAt({ metadata: { name }, spec: { evictionStrategy } }: KubeVm): Promise<void> {
    const other = evictionStrategy === 'Shutdown' ? 'Block' : 'Shutdown';
    const { metadata: { generation } } = await spec(name, { evictionStrategy: other });
    await vmWhen(name, ({ status }) => (status?.observedGeneration ?? 0) >= generation);
  }

  async function corrects(domain: DomainOnHost, vcpu: number): Promise<void> {
    const thread = () => vcpuThread(qemuPid(domain), vcpu);
    const { scheduling, tid } = thread();
    expect(scheduling).toMatch(/^FIFO/);
    execFileSync('chrt', ['--other', '--pid', '0', String(tid)]);
    await until('the thread is set right', () => thread().scheduling === scheduling);
  }

  /** A new VM runs, and goes. */
  async function placed(name: string, one: object): Promise<void> {
    await create(paths.vms, vm(name, one));
    await ready(name);
    await remove(name);
  }

  /**
   * While controller and agents are of different versions nothing new is started: an agent of before opens no session,
   * and a controller of before knows of none. A new VM is told that it waits, and goes when it is deleted.
   */
  async function waits(name: string, one: object): Promise<void> {
    await create(paths.vms, vm(name, one));
    await vmWhen(name, (object) => isSeen(object) && kubeCondition(object, 'Ready')?.status === 'False');
    expect((await domains()).has(name)).toBe(false);
    await remove(name);
  }

  /**
   * An agent of before that has just taken the place of one of today goes by the statement of that one: what is new
   * may come to it still, or wait. It goes when it is deleted.
   */
  async function comesAndGoes(name: string, one: object): Promise<void> {
    await create(paths.vms, vm(name, one));
    await vmWhen(name, (object) => isSeen(object) && kubeCondition(object, 'Ready') !== undefined);
    await remove(name);
    expect((await domains()).has(name)).toBe(false);
  }

  /** No domain is another or was changed, and every VM comes to stand as it stood. */
  async function expectUntouched({ startsWait = false } = {}): Promise<void> {
    const apart = ({ fetched, ...others }: Standings) => (startsWait ? others : { fetched, ...others });
    expect(await domains()).toEqual(before.domains);
    await expect.poll(async () => apart(await standings()), { timeout: 60_000, interval: 100 }).toEqual(apart(before.standings));
    expect(await domains()).toEqual(before.domains);
    if (!startsWait) await until('the image is fetched by one agent', () => images.fetching === 1);
  }

  async function changeTo(version: keyof Versions, order: 'controller first' | 'agents first'): Promise<void> {
    // A controller of before opens no session, so an agent of today starts nothing, nor fetches for a start.
    const startsWait = version === 'today' && order === 'agents first';
    await cluster.run(versions[version], order, async () => {
      await settled(version === 'base' && order === 'agents first' ? comesAndGoes : waits);
      await expectUntouched({ startsWait });
    });
    await settled();
    await expectUntouched();
  }

  /** Its guest is started anew, and sees the machine that it saw. */
  async function restarted(name: GuestName): Promise<void> {
    const { status } = await vmWhen(name, () => true);
    await spec(name, { restartedAt: laterThanAll() });
    await vmWhen(name, (object) => object.status?.domain?.startedAt !== status?.domain?.startedAt);
    await ready(name);
    await sameHardware(name);
  }

  async function sameHardware(name: string): Promise<void> {
    const found = await Promise.all([...cluster.hosts.values()].map(async (host) => domainXml(host, name)));
    const [xml, ...others] = found.filter((one) => one !== undefined);
    expect([hardwareOf(xml ?? ''), others]).toEqual([hardware.get(name), []]);
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
    await Promise.all((['mixed', 'whole'] as const).map(restarted));
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
    const withCpus = (async () => {
      for (const name of ['mixed', 'dedicated'] as const) {
        await spec(name, { runStrategy: 'Halted' });
        await stopped(name, ({ placement }) => placement === undefined);
        await placed(`another-${name}`, guests[name]);
        await spec(name, { runStrategy: 'Always' });
        await ready(name);
        await sameHardware(name);
      }
    })();
    const floating = (['shared', 'whole'] as const).map(async (name) => {
      await placed(`another-${name}`, guests[name]);
      await restarted(name);
    });
    await Promise.all([withCpus, ...floating]);
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
    const all = await cluster.objects.list<KubeVm>(paths.vms);
    await Promise.all(all.map(async ({ metadata: { name } }) => remove(name)));
    for (const host of cluster.hosts.values()) await host.nothingIsLeft();
  });
});

/** The status is about the spec as it is. */
function isSeen({ metadata, status }: KubeVm): boolean {
  return status?.observedGeneration === metadata.generation;
}

/** CPUs that a table's entry gives to nobody else. */
function ownCpus({ placement: { vcpuPins, reservedCpus } }: TableGuest): readonly number[] {
  return [...vcpuPins.flatMap(({ cpu }) => cpu ?? []), ...cpusIn(reservedCpus)];
}
