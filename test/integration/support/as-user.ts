// Requests to a test's API server as somebody else, as an administrator may send them.
import type { ServedApi } from '../../testbed/policy-proxy.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';
import type { KubeRefusal } from '../../testbed/kube-request.ts';
import { releaseNamespace } from './chart.ts';

export interface Person {
  readonly user: string;
  readonly groups?: readonly string[];
  /** Of the pod that the token was issued for. */
  readonly node?: string;
}

export const controller: Person = { user: `system:serviceaccount:${releaseNamespace}:rtvm-controller`, groups: ['system:serviceaccounts'] };

export function agentOf(node: string | undefined): Person {
  return { user: `system:serviceaccount:${releaseNamespace}:rtvm-agent`, groups: ['system:serviceaccounts'], ...(node === undefined ? {} : { node }) };
}

/** `ok`, or what the API server says against it. */
export type Verdict = string;

export class AsUser {
  readonly #api: ServedApi;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(api: ServedApi, { user, groups = [], node }: Person) {
    this.#api = api;
    this.#headers = {
      'impersonate-user': user,
      ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
      ...(node === undefined ? {} : { 'impersonate-extra-authentication.kubernetes.io%2Fnode-name': node }),
    };
  }

  async create(path: string, body: object): Promise<Verdict> {
    return this.#verdict('POST', path, body);
  }

  async patch(path: string, body: object): Promise<Verdict> {
    return this.#verdict('PATCH', path, body, 'application/merge-patch+json');
  }

  /** Replaces the object as it is now (read as an administrator) with a change in it. @param subresource `/status`, only tried or not, or nothing. */
  async put(path: string, subresource: '' | '/status' | '/status?dryRun=All', change: object): Promise<Verdict> {
    const { body } = await kubeRequest<object>(this.#api, 'GET', path);
    return this.#verdict('PUT', `${path}${subresource}`, { ...body, ...change });
  }

  async delete(path: string): Promise<Verdict> {
    return this.#verdict('DELETE', path);
  }

  async #verdict(method: string, path: string, body?: object, contentType?: string): Promise<Verdict> {
    const { status, body: answer } = await kubeRequest<KubeRefusal>(this.#api, method, path, { headers: this.#headers, ...(body === undefined ? {} : { body }), ...(contentType === undefined ? {} : { contentType }) });
    return status < 300 ? 'ok' : answer.message;
  }
}
