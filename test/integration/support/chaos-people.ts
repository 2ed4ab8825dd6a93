// People who create, halt, start, restart and delete VMs, and a pipeline that applies what they want whatever the cluster has lost.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeApi } from '../../testbed/kube-api.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';
import { guestKinds } from './chaos-guests.ts';
import type { GuestKind } from './chaos-guests.ts';
import type { KubeVm } from './kube-objects.ts';
import { paths } from './kube-objects.ts';
import { until } from './until.ts';

interface Wish {
  readonly kind: GuestKind;
  runs: boolean;
  restartedAt: string | undefined;
}

export interface PeopleOptions {
  readonly api: KubeApi;
  /** In [0, 1). */
  readonly random: () => number;
  readonly mostVms: number;
  readonly nodes: readonly string[];
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
    if (name === undefined || wish === undefined || (names.length < mostVms && dice < 0.35)) {
      const made = this.#create();
      await this.apply();
      // Some change their mind while it is being started.
      if (random() < 0.25) {
        await sleep(1000 * random());
        this.#wishes.delete(made);
      }
    } else if (dice < 0.45) this.#wishes.delete(name);
    else if (dice < 0.75 || !wish.runs) wish.runs = !wish.runs;
    else if (dice < 0.88) wish.restartedAt = new Date().toISOString();
    else await this.#meddle(name);
    await this.apply();
  }

  /** Makes the cluster's VMs those that are wanted. @returns whether they are, as far as the API server has answered. */
  async apply(): Promise<boolean> {
    try {
      const found = new Map((await this.vms()).map((vm) => [vm.metadata.name, vm]));
      for (const [name, wish] of this.#wishes) await this.#want(name, wish, found.get(name));
      for (const [name, { metadata }] of found) {
        if (!this.#wishes.has(name) && metadata.deletionTimestamp === undefined) await this.#send('DELETE', `${paths.vms}/${name}`);
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

  #create(): string {
    const { random } = this.#options;
    this.#made += 1;
    const name = `vm-${this.#made}`;
    const rare = guestKinds.filter(({ most }) => [...this.#wishes.values()].filter(({ kind }) => kind.most === most).length < most);
    this.#wishes.set(name, { kind: rare[Math.floor(random() * rare.length)]!, runs: true, restartedAt: undefined });
    return name;
  }

  /** Somebody wipes what only a controller or an agent writes. */
  async #meddle(name: string): Promise<void> {
    const { random, nodes } = this.#options;
    const node = nodes[Math.floor(random() * nodes.length)]!;
    const dice = random();
    try {
      if (dice < 0.3) await this.#send('DELETE', `${paths.tables}/${node}`);
      else if (dice < 0.6) await this.#send('PATCH', `${paths.tables}/${node}/status`, { status: null });
      else if (dice < 0.75) await this.#send('PATCH', `${paths.nodes}/${node}/status`, { status: null });
      else await this.#send('PATCH', `${paths.vms}/${name}/status`, { status: null });
    } catch {
      // The API server is away; they do not try again.
    }
  }

  async #want(name: string, { kind, runs, restartedAt }: Wish, vm: KubeVm | undefined): Promise<void> {
    const wanted = { runStrategy: runs ? 'Always' : 'Halted', ...(restartedAt === undefined ? {} : { restartedAt }) };
    if (vm === undefined) {
      const spec = { ...kind.spec, terminationGracePeriodSeconds: 1, ...wanted };
      await this.#send('POST', paths.vms, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name }, spec });
      return;
    }
    if (vm.metadata.deletionTimestamp !== undefined || Object.entries(wanted).every(([key, value]) => vm.spec[key] === value)) return;
    await this.#send('PATCH', `${paths.vms}/${name}`, { spec: wanted });
  }

  async #send<Body>(method: string, path: string, body?: object): Promise<Body> {
    const answer = await kubeRequest<Body>(this.#options.api, method, path, { ...(body === undefined ? {} : { body }), ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}) });
    if (answer.status >= 300 && answer.status !== 404) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.body;
  }
}
