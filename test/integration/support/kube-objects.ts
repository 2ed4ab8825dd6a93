// Objects of a test's API server, written and read as the JSON that they are: no store, no schema of the product.
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeRequest } from '../../testbed/kube-request.ts';
import type { ServedApi } from '../../testbed/policy-proxy.ts';

const ours = '/apis/rtvm.dev/v1alpha1';

export const paths = {
  vms: `${ours}/namespaces/default/realtimevms`,
  classes: `${ours}/realtimevmclasses`,
  images: `${ours}/namespaces/default/realtimeimages`,
  nodes: `${ours}/realtimenodes`,
  tables: `${ours}/realtimeallocations`,
  clusterNodes: '/api/v1/nodes',
  namespaces: '/api/v1/namespaces',
  leases: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
} as const;

export interface KubeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export interface KubeVm {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number; readonly resourceVersion: string; readonly deletionTimestamp?: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly phase?: string;
    readonly cpus?: string;
    readonly boundTo?: string;
    readonly run?: { readonly count: number; readonly grant: string; readonly node: string; readonly state: string };
    readonly observedGeneration?: number;
    readonly conditions?: readonly KubeCondition[];
    readonly placement?: { readonly nodeName: string; readonly vcpuPins: readonly { readonly vcpu: number; readonly cpu?: number }[] };
    readonly domain?: { readonly uuid: string; readonly startedAt: string; readonly restarts: number };
  };
}

export interface KubeTable {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly generation: number };
  readonly spec: { readonly term?: string; readonly session?: string; readonly fenced?: boolean; readonly guests: readonly {
    readonly vm: { readonly name: string; readonly uid: string };
    readonly desired: string;
    readonly request?: string;
    readonly grant?: { readonly name: string; readonly salt: string };
    readonly generation: number;
    readonly placement: { readonly nodeName: string; readonly vcpuPins: readonly { readonly cpu?: number }[]; readonly reservedCpus: string };
  }[] };
  readonly status?: { readonly guests: readonly { readonly uid: string; readonly phase: string; readonly domain?: { readonly startedAt?: string; readonly restarts: number } }[] };
}

/** As `kubectl` does it; each throws with the server's words where it refuses. */
export class KubeObjects {
  readonly #api: Pick<ServedApi, 'url' | 'token'>;

  constructor(api: Pick<ServedApi, 'url' | 'token'>) {
    this.#api = api;
  }

  async create<Body = unknown>(path: string, body: object): Promise<Body> {
    return this.#send<Body>('POST', path, body);
  }

  /** `kubectl patch --type merge`; of a status with `/status` behind the path. */
  async patch<Body = unknown>(path: string, body: object): Promise<Body> {
    return this.#send<Body>('PATCH', path, body, 'application/merge-patch+json');
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  /** Undefined where there is none. */
  async get<Body>(path: string): Promise<Body | undefined> {
    const { status, body } = await kubeRequest<Body>(this.#api, 'GET', path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET ${path}: ${JSON.stringify(body)}`);
    return body;
  }

  async list<Item>(path: string): Promise<readonly Item[]> {
    return (await this.get<{ readonly items: readonly Item[] }>(path))?.items ?? [];
  }

  /** The object once it is as wanted, or undefined once it is gone where that is wanted. */
  async when<Body>(path: string, wanted: (object: Body | undefined) => boolean, patienceMs = 60_000): Promise<Body | undefined> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const object = await this.get<Body>(path);
      if (wanted(object)) return object;
      if (Date.now() > deadline) throw new Error(`${path} did not become what was wanted: ${JSON.stringify(object, undefined, 1)}`);
      await sleep(50);
    }
  }

  async #send<Body>(method: string, path: string, body?: object, contentType?: string): Promise<Body> {
    const { status, body: answer } = await kubeRequest<Body>(this.#api, method, path, { ...(body === undefined ? {} : { body }), ...(contentType === undefined ? {} : { contentType }) });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

export function kubeCondition(vm: KubeVm | undefined, type: string): KubeCondition | undefined {
  return vm?.status?.conditions?.find((condition) => condition.type === type);
}
