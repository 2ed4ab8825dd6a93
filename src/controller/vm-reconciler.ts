/** Brings one RealtimeVM to where its spec says: placed, stopped or removed; and its status to what is. */
import { isDeepStrictEqual } from 'node:util';
import { formatProblem } from '../crds/document-problem.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import { placementToWire } from '../crds/placement-wire.ts';
import { toClassSpec } from '../crds/to-class-spec.ts';
import { toImageSpec } from '../crds/to-image-spec.ts';
import { toVmSpec } from '../crds/to-vm-spec.ts';
import { requireValid } from '../crds/require-valid.ts';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Guest } from '../realtime/guest.ts';
import { formatRefusal } from '../realtime/place/refusal-groups.ts';
import type { Checked } from '../realtime/problem.ts';
import { resolveGuest } from '../realtime/resolve/resolve-guest.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import type { AllocationWriter } from './allocation-writer.ts';
import { exclusiveCpuCount, selects } from './class-limits.ts';
import type { ClusterView } from './cluster-view.ts';
import { isGivenUp } from './node-facts.ts';
import type { NodeFacts } from './node-facts.ts';
import type { FoundOrphan } from './orphan-book.ts';
import type { Mirror } from './mirror.ts';
import { statusOf } from './vm-status.ts';
import type { VmStanding } from './vm-report.ts';

/** Keeps a deleted RealtimeVM until nothing of it is left on any host. */
export const finalizer = 'rtvm.dev/allocation';

export interface VmReconcilerOptions {
  readonly store: ResourceStore;
  readonly view: ClusterView;
  readonly writer: AllocationWriter;
  readonly vms: Mirror<'RealtimeVM'>;
  readonly classes: Mirror<'RealtimeVMClass'>;
  readonly images: Mirror<'RealtimeImage'>;
  readonly now: () => Date;
  /** What the cluster says of a node; undefined without a cluster. */
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
}

/** @property waits it needs a change elsewhere: of a node, an allocation, a class or an image. */
export interface VmReconciled {
  readonly waits: boolean;
}

/** What a VM holds, on which node, and what the node's agent says of it. */
interface Held {
  readonly nodeName: string;
  readonly entry: AllocatedGuest;
  readonly report: ReportedGuest | undefined;
}

const settled: VmReconciled = { waits: false };

export class VmReconciler {
  readonly #options: VmReconcilerOptions;

  constructor(options: VmReconcilerOptions) {
    this.#options = options;
  }

  /** A write that came too late has made what is known current: then everything is decided again. */
  async reconcile(key: string, signal: AbortSignal): Promise<VmReconciled> {
    for (;;) {
      try {
        return await this.#reconcileOnce(key, signal);
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  }

  async #reconcileOnce(key: string, signal: AbortSignal): Promise<VmReconciled> {
    const vm = this.#options.vms.find(key);
    if (vm === undefined) return settled;
    if (vm.metadata.deletionTimestamp !== undefined) return this.#remove(vm, signal);
    if (vm.metadata.finalizers?.includes(finalizer) !== true) {
      const finalizers = [...(vm.metadata.finalizers ?? []), finalizer];
      await this.#writeVm('update', { ...vm, metadata: { ...vm.metadata, finalizers } }, signal);
      return this.#reconcileOnce(key, signal);
    }
    const standing = await this.#stand(vm, signal);
    await this.#report(vm, standing, signal);
    return { waits: standing.kind === 'invalid' || standing.kind === 'unplaced' };
  }

  async #stand(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<VmStanding> {
    const halted = vm.spec.runStrategy === 'Halted';
    const held = this.#held(vm);
    const orphan = this.#options.view.orphanOf({ ...vm.metadata });
    // One that runs where its table says is not to be doubted because of a domain that came back with a lost node.
    const runsAsAllocated = held?.report?.phase === 'Running' && held.nodeName !== orphan?.nodeName;
    if (orphan !== undefined && !runsAsAllocated) return this.#adopt(vm, orphan, held, signal);
    if (held === undefined) return halted ? { kind: 'halted' } : this.#place(vm, signal);
    if (this.#isGivenUp(held) && !keepsDisks(held.entry)) {
      await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'remove' }, signal);
      return halted ? { kind: 'halted' } : this.#place(vm, signal);
    }

    const desired = halted ? 'Stopped' : 'Running';
    if (halted && held.report?.phase === 'Stopped' && !keepsDisks(held.entry)) {
      await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'remove' }, signal);
      return { kind: 'halted' };
    }
    const entry: AllocatedGuest = { ...held.entry, desired };
    if (held.entry.desired !== desired) await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'put', entry }, signal);
    return { kind: 'placed', entry, report: held.report, restartRequired: this.#restartRequired(vm, held.entry), lost: this.#lost(held) };
  }

  /**
   * A domain of this VM runs, and no table says so: the table is made to say what the domain holds. That of an earlier VM
   * of the same name keeps this one from running, since nobody could tell the two apart. Rules §6.6, §6.7.
   */
  async #adopt(vm: Stored<'RealtimeVM'>, { nodeName, orphan }: FoundOrphan, held: Held | undefined, signal: AbortSignal): Promise<VmStanding> {
    const { uid, namespace, name, generation } = vm.metadata;
    const where = `domain ${orphan.domain} on node ${nodeName}`;
    if (orphan.vm?.uid !== uid) return { kind: 'unplaced', reason: 'OldDomainRuns', message: `${where} still runs for an earlier RealtimeVM ${namespace}/${name}; end it there ("virsh destroy" and "virsh undefine"), then this one is placed` };
    if (orphan.placement === undefined) return { kind: 'unplaced', reason: 'DomainUnreadable', message: `${where} runs for this VM and does not say what it holds; end it there, then the VM is placed` };
    if (held !== undefined && held.entry.placement.nodeName !== nodeName) return { kind: 'unplaced', reason: 'RunsElsewhere', message: `${where} runs for this VM, which node ${held.entry.placement.nodeName} was to run; end it there, then it goes on` };
    const guest = this.#resolve(vm);
    if (!guest.ok && held === undefined) return { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') };
    const entry: AllocatedGuest = {
      vm: { namespace, name, uid },
      generation: orphan.generation ?? generation,
      desired: vm.metadata.deletionTimestamp !== undefined ? 'Removed' : vm.spec.runStrategy === 'Halted' ? 'Stopped' : 'Running',
      guest: held?.entry.guest ?? guestToWire(requireValid(guest, `RealtimeVM ${namespace}/${name}`)),
      placement: orphan.placement,
    };
    if (!isDeepStrictEqual(held?.entry, entry)) await this.#options.writer.change(nodeName, uid, { kind: 'put', entry }, signal);
    return { kind: 'placed', entry, report: held?.report, restartRequired: undefined, lost: undefined };
  }

  /** The decision and its change are made in the same breath: between them nothing may come in. */
  async #place(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<VmStanding> {
    const guest = this.#resolve(vm);
    if (!guest.ok) return { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') };
    const vmClass = vm.spec.className === undefined ? undefined : this.#options.classes.find(vm.spec.className);
    const allowed = vmClass?.spec.allowedNamespaces;
    if (allowed !== undefined && !selects(allowed, this.#options.namespaceLabels(vm.metadata.namespace))) {
      return { kind: 'unplaced', reason: 'NamespaceNotAllowed', message: `class ${vmClass?.metadata.name ?? ''} is not for namespace ${vm.metadata.namespace}: its spec.allowedNamespaces does not select the namespace's labels` };
    }
    const decision = this.#options.view.decide(guest.value);
    if (decision.kind === 'refused') return { kind: 'unplaced', ...refusal(decision) };
    const { placement } = decision;
    const entry: AllocatedGuest = {
      vm: { namespace: vm.metadata.namespace, name: vm.metadata.name, uid: vm.metadata.uid },
      generation: vm.metadata.generation,
      desired: 'Running',
      ...(vm.spec.className === undefined ? {} : { className: vm.spec.className }),
      guest: guestToWire(guest.value),
      placement: placementToWire(placement),
    };
    const limit = vmClass?.spec.maxCpusPerNamespace;
    const held = this.#options.view.classUse.held(vm.spec.className ?? '', vm.metadata.namespace);
    if (limit !== undefined && held + exclusiveCpuCount(entry) > limit) {
      return { kind: 'unplaced', reason: 'NamespaceLimit', message: `VMs of class ${vmClass?.metadata.name ?? ''} hold ${held} of at most ${limit} pCPUs in namespace ${vm.metadata.namespace}, and ${exclusiveCpuCount(entry)} more are needed` };
    }
    await this.#options.writer.change(placement.host, vm.metadata.uid, { kind: 'put', entry }, signal);
    return { kind: 'placed', entry, report: undefined, restartRequired: undefined, lost: undefined };
  }

  /** finalizer → `desired: Removed` → the agent confirms → the entry goes → the finalizer goes. */
  async #remove(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<VmReconciled> {
    const held = this.#held(vm);
    const orphan = this.#options.view.orphanOf({ ...vm.metadata });
    if (held === undefined && orphan?.orphan.vm?.uid === vm.metadata.uid) {
      const standing = await this.#adopt(vm, orphan, held, signal);
      await this.#report(vm, standing, signal);
      return { waits: standing.kind !== 'placed' };
    }
    if (held !== undefined) {
      if (held.entry.desired !== 'Removed') {
        await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'put', entry: { ...held.entry, desired: 'Removed' } }, signal);
        return settled;
      }
      // Nobody is there to confirm it, and a person has said that nothing runs there.
      if (held.report?.phase !== 'Removed' && !this.#isGivenUp(held)) {
        await this.#report(vm, { kind: 'placed', entry: held.entry, report: held.report, restartRequired: undefined, lost: this.#lost(held) }, signal);
        return settled;
      }
      await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'remove' }, signal);
    }
    const finalizers = vm.metadata.finalizers?.filter((name) => name !== finalizer);
    if (finalizers?.length !== vm.metadata.finalizers?.length) {
      await this.#writeVm('update', { ...vm, metadata: { ...vm.metadata, finalizers } }, signal);
    }
    return settled;
  }

  /** Why nothing is known of a guest: its node's agent is silent. */
  #lost({ nodeName }: Held): string | undefined {
    const facts = this.#options.factsOf(nodeName);
    if (facts === undefined || (facts.alive && facts.node !== undefined)) return undefined;
    return isGivenUp(facts)
      ? `node ${nodeName} is given up, but the VM has a disk there: it stays bound to the node until the VM is deleted`
      : `the agent of node ${nodeName} has not renewed its Lease; the VM is not placed elsewhere until the Node is deleted or carries the taint node.kubernetes.io/out-of-service, since it may run still`;
  }

  #isGivenUp({ nodeName }: Held): boolean {
    const facts = this.#options.factsOf(nodeName);
    return facts !== undefined && isGivenUp(facts);
  }

  #held({ metadata: { uid } }: Stored<'RealtimeVM'>): Held | undefined {
    const found = this.#options.view.find(uid);
    return found === undefined ? undefined : { nodeName: found.nodeName, entry: found.entry, report: found.table?.status?.guests.find((guest) => guest.uid === uid) };
  }

  #resolve(vm: Stored<'RealtimeVM'>): Checked<Guest> {
    const { classes, images } = this.#options;
    const spec = toVmSpec(vm);
    if (!spec.ok) return spec;
    return resolveGuest(spec.value, {
      classes: { get: (name) => usable(classes.find(name), toClassSpec), keys: () => classes.keys() },
      images: { get: (key) => usable(images.find(key), toImageSpec), keys: () => images.keys() },
    });
  }

  /** What the next start would make differently, in a sentence; undefined where nothing. */
  #restartRequired(vm: Stored<'RealtimeVM'>, entry: AllocatedGuest): string | undefined {
    if (entry.generation === vm.metadata.generation) return undefined;
    const guest = this.#resolve(vm);
    if (!guest.ok) return `the spec of generation ${vm.metadata.generation} is not valid; the domain runs that of generation ${entry.generation}`;
    if (JSON.stringify(guestToWire(guest.value)) === JSON.stringify(entry.guest)) return undefined;
    return `the domain runs the spec of generation ${entry.generation}; that of generation ${vm.metadata.generation} is taken up at the next start: set runStrategy to Halted and back`;
  }

  async #writeVm(write: 'update' | 'updateStatus', vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<void> {
    const { store, vms } = this.#options;
    try {
      vms.put(await store[write](vm, signal));
    } catch (error) {
      if (isStoreError(error, 'CONFLICT')) {
        const now = await store.get('RealtimeVM', vm.metadata, signal);
        if (now === undefined) vms.remove(vm.metadata);
        else vms.put(now);
      }
      throw error;
    }
  }

  async #report(vm: Stored<'RealtimeVM'>, standing: VmStanding, signal: AbortSignal): Promise<void> {
    const current = this.#options.vms.get(vm.metadata) ?? vm;
    await this.#writeVm('updateStatus', { ...current, status: statusOf(current, standing, this.#options.now()) }, signal);
  }
}

/** A class or image that is wrong itself is no use to a VM; what is wrong is told where it was written. */
function usable<Found, Value>(found: Found | undefined, convert: (found: Found) => Checked<Value>): Value | undefined {
  const checked = found === undefined ? undefined : convert(found);
  return checked?.ok === true ? checked.value : undefined;
}

/** A NodeLocal disk binds the VM to its node until the VM is deleted. */
function keepsDisks(entry: AllocatedGuest): boolean {
  return entry.guest.disks.some(({ persistence }) => persistence === 'NodeLocal');
}

function refusal({ groups }: Extract<Decision, { kind: 'refused' }>): { reason: string; message: string } {
  return { reason: groups[0]?.reason ?? 'NoNodes', message: groups.length === 0 ? 'there is no RealtimeNode' : formatRefusal(groups) };
}
