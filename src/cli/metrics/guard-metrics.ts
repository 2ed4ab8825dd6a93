/** How many nodes have a guard, and how many are being drained. */
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** @returns sets both figures; see GuardsObserver. */
export function guardMetrics(registry: Registry): (guards: number, draining: number) => void {
  const registers = [registry];
  const standing = new Gauge({ name: 'rtvm_guards', help: 'Nodes that have a guard pod, as the leading controller sees them.', registers });
  const evicted = new Gauge({ name: 'rtvm_draining_nodes', help: 'Cordoned nodes whose guard pod was evicted and waits for its VMs to end.', registers });
  return (guards, draining) => {
    standing.set(guards);
    evicted.set(draining);
  };
}
