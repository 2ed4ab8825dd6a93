// I1, I7 and I8: who holds what, at every revision of the tables and at every start of a domain.
import type { ChaosEvent, DomainClaims, HostCapacity, TableGuest } from './chaos-events.ts';
import { FalseWords } from './chaos-words.ts';
import { cpusIn } from './live-process.ts';

interface Running {
  readonly node: string;
  readonly vm: string;
  readonly claims: DomainClaims;
}

const stranger = 'of a stranger';

export function holdingBreaches(events: readonly ChaosEvent[], capacity: HostCapacity): readonly string[] {
  const breaches: string[] = [];
  const tables = new Map<string, readonly TableGuest[]>();
  /** Nodes whose table is open to its agent. */
  const sessions = new Set<string>();
  const running = new Map<string, Running>();
  /** On which node a VM's NodeLocal disks are. */
  const homes = new Map<string, string>();
  /** VMs that a restored table asks to run: decided before anybody could know what runs now. */
  let restored: Set<string> | undefined;
  let restoring = false;
  const words = new FalseWords();
  for (const [at, event] of events.entries()) {
    switch (event.type) {
      case 'rolledBack':
        tables.clear();
        homes.clear();
        restored = new Set();
        restoring = true;
        break;
      case 'restored':
        restoring = false;
        break;
      case 'table': {
        const { node, revision, guests = [] } = event;
        const where = `the table of ${node} at revision ${revision}`;
        for (const cpu of twice(guests.flatMap(ownCpus))) breaches.push(`I1: CPU ${cpu} is given twice by ${where}`);
        for (const address of twice(guests.flatMap(({ placement }) => placement.devices.map((device) => device.address)))) breaches.push(`I8: device ${address} is given twice by ${where}`);
        for (const [numaNode, given] of sums(guests.map(pagesOf))) {
          const there = capacity.pages.get(numaNode) ?? 0;
          if (given > there) breaches.push(`I8: ${given} pages of NUMA node ${numaNode}, which has ${there}, are given by ${where}`);
        }
        for (const uid of twice(guests.map(({ vm }) => vm.uid))) breaches.push(`I7: VM ${uid} is twice in ${where}`);
        // What a deleted table named may run still, so it goes on counting until there is another.
        if (event.guests === undefined) break;
        tables.set(node, guests);
        // Its machine is off, as a person says.
        if (event.fenced === true) tables.delete(node);
        words.table(node, at, event);
        // The session of a restored table is none: its agent has noted a later table, and taken another.
        if (event.session === undefined || restoring) sessions.delete(node);
        else sessions.add(node);
        for (const { vm: { uid }, desired, guest } of guests) {
          // A restored table may name what is the VM's no more: without a session nobody acts on it.
          const counts = event.fenced !== true && (restored === undefined || (desired === 'Running' && event.session !== undefined));
          for (const [other, entries] of tables) {
            if (other === node || !counts || words.excuseTable(node) || words.excuseTable(other)) continue;
            const isThere = entries.some((entry) => entry.vm.uid === uid && (restored === undefined || (entry.desired === 'Running' && sessions.has(other))));
            if (isThere) breaches.push(`I7: VM ${uid} is in the tables of ${other} and, at revision ${revision}, of ${node}`);
          }
          // What the older state knows of disks is all that anybody can know of them.
          if (restoring && guest.disks?.some(({ persistence }) => persistence === 'NodeLocal') === true) homes.set(uid, node);
          if (restoring && desired === 'Running') restored?.add(uid);
        }
        break;
      }
      case 'vm':
        if (event.gone) homes.delete(event.uid);
        break;
      case 'started': {
        const { node, vm, claims } = event;
        for (const other of running.values()) {
          if (other.vm === vm && !words.excuse(event, other)) breaches.push(`I7: VM ${vm} is started on ${node} while it runs on ${other.node}`);
          else if (other.vm !== vm && other.node === node) breaches.push(...clashes(event, other));
        }
        const here = [...running.values()].filter((other) => other.node === node && other.vm !== vm);
        for (const [numaNode, taken] of sums([claims, ...here.map((other) => other.claims)].map(({ pages }) => pages))) {
          const there = capacity.pages.get(numaNode) ?? 0;
          if (taken > there) breaches.push(`I8: with VM ${vm}, ${taken} pages of NUMA node ${numaNode} of ${node} are taken, which has ${there}`);
        }
        if (claims.writableDisks.some((path) => path.includes('/node-local/'))) {
          const home = homes.get(vm) ?? node;
          if (home !== node) breaches.push(`I8: VM ${vm} is started on ${node} with a NodeLocal disk that is on ${home}`);
          // What a table asked for that the older state knows nothing of may be carried out a moment after that is back.
          if (tables.get(node)?.some((guest) => guest.vm.uid === vm) === true) homes.set(vm, home);
        }
        running.set(`${node} ${vm}`, event);
        words.started(event);
        break;
      }
      case 'ended':
        words.ended(event);
        if (!running.delete(`${event.node} ${event.vm}`)) breaches.push(`I7: a domain of VM ${event.vm} has ended on ${event.node}, where none ran`);
        break;
      case 'refused':
        // The kernel and libvirt are the last fence; nobody relies on it but for what a restored table asks for.
        if (restored?.has(event.vm) !== true) breaches.push(`I8: ${event.node} could not give VM ${event.vm} what its table says: ${event.why}`);
        break;
      case 'strangerStarted':
        running.set(`${event.node} ${stranger}`, { ...event, vm: stranger });
        break;
      case 'strangerEnded':
        running.delete(`${event.node} ${stranger}`);
        break;
      case 'falseWord':
      case 'lies':
      case 'liesEnd':
        words.said(event);
        break;
      case 'node':
      case 'byHand':
      case 'drained':
        break;
    }
  }
  return breaches;
}

function clashes({ node, vm, claims }: Running, other: Running): readonly string[] {
  const both = <Value>(list: (claims: DomainClaims) => readonly Value[]) => list(claims).filter((value) => list(other.claims).includes(value));
  const rest = `goes to VM ${vm} while VM ${other.vm} has it`;
  return [
    ...both(({ cpus }) => cpus).map((cpu) => `I1: CPU ${cpu} of ${node} ${rest}`),
    ...both(({ devices }) => devices).map((address) => `I8: device ${address} of ${node} ${rest}`),
    ...both(({ writableDisks }) => writableDisks).map((path) => `I8: disk ${path} of ${node} ${rest}`),
  ];
}

/** The CPUs that an entry takes from everybody else. */
export function ownCpus({ placement: { vcpuPins, reservedCpus } }: TableGuest): readonly number[] {
  return [...vcpuPins.flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu])), ...cpusIn(reservedCpus)];
}

/** 2 MiB pages of an entry by host NUMA node. */
export function pagesOf({ placement: { cells } }: TableGuest): ReadonlyMap<number, number> {
  return sums(cells.filter(({ pageSize }) => pageSize === '2Mi').map(({ numaNode, memoryMiB }) => new Map([[numaNode, memoryMiB / 2]])));
}

function sums(maps: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const total = new Map<number, number>();
  for (const map of maps) for (const [key, value] of map) total.set(key, (total.get(key) ?? 0) + value);
  return total;
}

function twice<Value>(values: readonly Value[]): readonly Value[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}
