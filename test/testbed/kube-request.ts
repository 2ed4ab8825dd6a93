// Plain requests to the API server of a test, by other code than the product's.
import { Agent, request } from 'node:https';
import type { KubeApi } from './kube-api.ts';

export interface KubeAnswer<Body = unknown> {
  readonly status: number;
  readonly body: Body;
}

/** What the API server says where it refuses. */
export interface KubeRefusal {
  readonly message: string;
  readonly reason: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message: string; readonly field?: string }[] };
}

export interface KubeRequestOptions {
  readonly body?: object;
  /** `application/json` unless said. */
  readonly contentType?: string;
  /** On top: `impersonate-user`, say. */
  readonly headers?: Readonly<Record<string, string>>;
}

const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

/** Sends one request as `admin`; rejects only where no answer comes. */
export async function kubeRequest<Body = unknown>(api: Pick<KubeApi, 'url' | 'token'>, method: string, path: string, { body, contentType = 'application/json', headers: more = {} }: KubeRequestOptions = {}): Promise<KubeAnswer<Body>> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${api.token}`, 'content-type': contentType, ...more };
    const call = request(`${api.url}${path}`, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        // Of a path that is not served, and of metrics, the answer is plain text.
        const isJson = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({ status: response.statusCode ?? 0, body: (isJson ? JSON.parse(text) : text) as Body });
      });
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
