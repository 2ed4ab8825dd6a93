// Replays what a cluster has been through and says where a rule was broken. It shares no code with the product: it reads the
// tables as the API server's watch gave them, and the hosts' own record of their domains.

export type ChaosEvent =
  /** A revision of a node's table; `guests` undefined: it was deleted. */
  | { readonly type: 'table'; readonly node: string; readonly revision: string; readonly guests: readonly TableGuest[] | undefined }
  /** The data of the API server went back: what the tables said since does not count any more. */
  | { readonly type: 'rolledBack' }
  | { readonly type: 'domain'; readonly node: string; readonly what: 'started' | 'ended'; readonly vm: string; readonly cpus: readonly number[] }
  /** A person has asked for something that ends the VM's domain, once. */
  | { readonly type: 'asked'; readonly vm: string };

export interface TableGuest {
  readonly vm: { readonly uid: string };
  readonly placement: { readonly vcpuPins: readonly { readonly cpu?: number }[]; readonly reservedCpus: string };
}

/** One sentence for each breach, beginning with the number of the rule; none where all held at every moment. */
export function breachesIn(events: readonly ChaosEvent[]): readonly string[] {
  const breaches: string[] = [];
  const tables = new Map<string, ReadonlySet<string>>();
  const running = new Map<string, { readonly node: string; readonly vm: string; readonly cpus: readonly number[] }>();
  const asked = new Map<string, number>();
  const ended = new Map<string, number>();
  for (const event of events) {
    switch (event.type) {
      case 'rolledBack':
        tables.clear();
        break;
      case 'table': {
        const { node, revision, guests = [] } = event;
        for (const cpu of twice(guests.flatMap(cpusOf))) breaches.push(`6.1: CPU ${cpu} is given twice by the table of ${node} at revision ${revision}`);
        for (const uid of twice(guests.map(({ vm }) => vm.uid))) breaches.push(`6.7: VM ${uid} is twice in the table of ${node} at revision ${revision}`);
        // What a deleted table named may run still, so it goes on counting until there is another.
        if (event.guests === undefined) break;
        tables.set(node, new Set(guests.map(({ vm }) => vm.uid)));
        for (const { vm: { uid } } of guests) {
          for (const [other, uids] of tables) if (other !== node && uids.has(uid)) breaches.push(`6.7: VM ${uid} is in the tables of ${other} and, at revision ${revision}, of ${node}`);
        }
        break;
      }
      case 'domain': {
        const { node, vm, cpus } = event;
        const key = `${node} ${vm}`;
        if (event.what === 'ended') {
          if (!running.delete(key)) breaches.push(`6.7: a domain of VM ${vm} has ended on ${node}, where none ran`);
          ended.set(vm, (ended.get(vm) ?? 0) + 1);
          if (ended.get(vm)! > (asked.get(vm) ?? 0)) breaches.push(`6.6: the domain of VM ${vm} on ${node} has ended, and nobody asked for it`);
          break;
        }
        for (const other of running.values()) {
          if (other.vm === vm) breaches.push(`6.7: VM ${vm} is started on ${node} while it runs on ${other.node}`);
          else if (other.node === node) for (const cpu of cpus) if (other.cpus.includes(cpu)) breaches.push(`6.1: CPU ${cpu} of ${node} goes to VM ${vm} while VM ${other.vm} has it`);
        }
        running.set(key, { node, vm, cpus });
        break;
      }
      case 'asked':
        asked.set(event.vm, (asked.get(event.vm) ?? 0) + 1);
        break;
    }
  }
  return breaches;
}

function cpusOf({ placement: { vcpuPins, reservedCpus } }: TableGuest): readonly number[] {
  return [...vcpuPins.flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu])), ...listed(reservedCpus)];
}

/** `0-2,5` → 0, 1, 2, 5. */
export function listed(list: string): readonly number[] {
  return list.split(',').filter((part) => part !== '').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function twice<Value>(values: readonly Value[]): readonly Value[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}
