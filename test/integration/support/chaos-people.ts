// People who create, halt, start, restart and delete VMs, and a pipeline that applies what they want whatever the cluster has lost.
import { kubeRequest } from '../../testbed/kube-request.ts';
import type { KubeApi } from '../../testbed/kube-api.ts';
import type { KubeVm } from './kube-objects.ts';
import { paths } from './kube-objects.ts';
import { until } from './until.ts';

interface Wish {
  runs: boolean;
  restartedAt: string | undefined;
}

/** @property asked to be told each time that something is asked which ends the VM's domain once, before it is asked. */
export interface PeopleOptions {
  readonly api: KubeApi;
  readonly asked: (uid: string) => void;
  /** In [0, 1). */
  readonly random: () => number;
  readonly mostVms: number;
}

export class ChaosPeople {
  readonly #options: PeopleOptions;
  readonly #wishes = new Map<string, Wish>();
  #made = 0;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  get wishes(): ReadonlyMap<string, Readonly<Wish>> {
    return this.#wishes;
  }

  /** One thing at random; what does not get through is applied later. */
  async act(): Promise<void> {
    const { random, mostVms } = this.#options;
    const names = [...this.#wishes.keys()];
    const name = names[Math.floor(random() * names.length)];
    const wish = name === undefined ? undefined : this.#wishes.get(name);
    const dice = random();
    if (name === undefined || wish === undefined || (names.length < mostVms && dice < 0.5)) {
      this.#made += 1;
      this.#wishes.set(`vm-${this.#made}`, { runs: true, restartedAt: undefined });
    } else if (dice < 0.6) this.#wishes.delete(name);
    else if (dice < 0.85 || !wish.runs) wish.runs = !wish.runs;
    else wish.restartedAt = new Date().toISOString();
    await this.apply();
  }

  /** Makes the cluster's VMs those that are wanted. @returns whether they are, as far as the API server has answered. */
  async apply(): Promise<boolean> {
    try {
      const found = new Map((await this.vms()).map((vm) => [vm.metadata.name, vm]));
      for (const [name, wish] of this.#wishes) await this.#want(name, wish, found.get(name));
      for (const [name, { metadata }] of found) {
        if (this.#wishes.has(name) || metadata.deletionTimestamp !== undefined) continue;
        this.#options.asked(metadata.uid);
        await this.#send('DELETE', `${paths.vms}/${name}`);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** As the API server has them, once it answers. */
  async vms(): Promise<readonly KubeVm[]> {
    return until('the API server lists VMs', async () => (await this.#send<{ readonly items?: readonly KubeVm[] }>('GET', paths.vms)).items);
  }

  async #want(name: string, { runs, restartedAt }: Wish, vm: KubeVm | undefined): Promise<void> {
    const wanted = { runStrategy: runs ? 'Always' : 'Halted', ...(restartedAt === undefined ? {} : { restartedAt }) };
    if (vm === undefined) {
      const spec = { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }], terminationGracePeriodSeconds: 1, ...wanted };
      await this.#send('POST', paths.vms, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name }, spec });
      return;
    }
    if (vm.metadata.deletionTimestamp !== undefined || Object.entries(wanted).every(([key, value]) => vm.spec[key] === value)) return;
    if (!runs && vm.spec['runStrategy'] !== 'Halted') this.#options.asked(vm.metadata.uid);
    if (restartedAt !== undefined && vm.spec['restartedAt'] !== restartedAt) this.#options.asked(vm.metadata.uid);
    await this.#send('PATCH', `${paths.vms}/${name}`, { spec: wanted });
  }

  async #send<Body>(method: string, path: string, body?: object): Promise<Body> {
    const answer = await kubeRequest<Body>(this.#options.api, method, path, { ...(body === undefined ? {} : { body }), ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}) });
    if (answer.status >= 300 && answer.status !== 404) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.body;
  }
}
