/** Requests to the API server, by the names that controller-runtime gives them. */
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RequestSeen } from '../../store/kubernetes/rest.ts';

const methods = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const satisfies Record<RequestSeen['verb'], string>;

/** @param host - of the API server, the only one there is. */
export function requestMetrics(registry: Registry, host: string): (seen: RequestSeen) => void {
  const requests = new Counter({ name: 'rest_client_requests_total', help: 'Requests to the API server, by HTTP status; code <error> where there was no answer.', labelNames: ['code', 'method', 'host'], registers: [registry] });
  return ({ verb, status }) => requests.inc({ code: status === 0 ? '<error>' : String(status), method: methods[verb], host });
}
