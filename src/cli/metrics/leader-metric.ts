/** Whether this process leads, by the name that client-go gives it. */
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** @param lease - name of the Lease. @returns what is to be called with every change. */
export function leaderMetric(registry: Registry, lease: string): (leads: boolean) => void {
  const gauge = new Gauge({ name: 'leader_election_master_status', help: '1 while this process leads, else 0.', labelNames: ['name'], registers: [registry] });
  const set = (leads: boolean) => gauge.set({ name: lease }, leads ? 1 : 0);
  set(false);
  return set;
}
