/** Starts one guest: its files made ready, its domain rendered and defined, then created. */
import { createHash } from 'node:crypto';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { DomainHostFacts } from '../realtime/domain/host-facts.ts';
import type { VirtType } from '../realtime/domain/domain-input.ts';
import { renderVariables } from '../realtime/domain/render-variables.ts';
import { renderDomain } from '../realtime/domain/render.ts';
import type { Guest } from '../realtime/guest.ts';
import { vmUid } from '../realtime/ids.ts';
import type { VmIdentity } from '../realtime/ids.ts';
import type { Placement } from '../realtime/placement.ts';
import { requireAgreement } from './allocation-entry.ts';
import { formatPayload } from './domain-payload.ts';
import type { HostFiles, KeptFiles } from './host-files.ts';
import { networksOf, requireOffered } from './host-offer.ts';
import type { HostOffer } from './host-offer.ts';
import type { Hypervisor } from './hypervisor.ts';

export interface GuestStarterOptions {
  readonly hypervisor: Hypervisor;
  readonly files: Pick<HostFiles, 'prepare' | 'remove'>;
  readonly virtType: VirtType;
  readonly hostFacts: DomainHostFacts;
  /** What this host gives to guests; undefined until that is known. */
  readonly offer: () => HostOffer | undefined;
  /** Throws a StartError where this host cannot run any guest right now. */
  readonly requireHost: () => void;
}

export class GuestStarter {
  readonly #options: GuestStarterOptions;

  constructor(options: GuestStarterOptions) {
    this.#options = options;
  }

  /** Whether it is known what this host gives to guests: before, none is started. */
  get knowsOffer(): boolean {
    return this.#options.offer() !== undefined;
  }

  /** Resolves when the domain runs. What it leaves behind when it fails, {@link cleanUp} removes. */
  async start(entry: AllocatedGuest, guest: Guest, placement: Placement, signal: AbortSignal): Promise<void> {
    const { hypervisor, files, virtType, hostFacts, offer, requireHost } = this.#options;
    requireHost();
    requireAgreement(guest, placement);
    requireOffered(offer(), { uid: entry.vm.uid, placement });
    const vm = identityOf(entry);
    const xml = renderDomain({
      vm,
      generation: entry.generation,
      guest,
      placement,
      virtType,
      payload: formatPayload(entry),
      files: await files.prepare(vm, guest, signal),
      networks: networksOf(offer()),
      host: hostFacts,
    });
    await hypervisor.define(xml, signal);
    await hypervisor.start(guest.uuid, signal);
  }

  /** Removes the UEFI variables of a guest whose domain was undefined without them. */
  async removeVariables(
    entry: AllocatedGuest, guest: Guest, placement: Placement, signal: AbortSignal,
  ): Promise<void> {
    const { hypervisor, virtType, hostFacts } = this.#options;
    const [vm, payload, uuid] = [identityOf(entry), formatPayload(entry), variablesUuid(guest)];
    const { generation } = entry;
    const xml = renderVariables({ vm, generation, guest, placement, virtType, payload, host: hostFacts }, uuid);
    await hypervisor.define(xml, signal);
    await hypervisor.undefine(uuid, signal);
  }

  /** Removes the files of a guest whose domain is gone, but for what is kept. */
  async cleanUp(entry: AllocatedGuest, kept: KeptFiles): Promise<void> {
    await this.#options.files.remove(identityOf(entry), kept);
  }
}

/** Made from the guest's (version 8, RFC 9562): what is left of it by an agent that has died is found again. */
function variablesUuid({ uuid }: Guest): string {
  const hex = createHash('sha256').update(`rtvm.dev/variables/${uuid}`).digest('hex');
  const variant = `8${hex.slice(13, 16)}-a${hex.slice(17, 20)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${variant}-${hex.slice(20, 32)}`;
}

export function identityOf({ vm }: AllocatedGuest): VmIdentity {
  return { ...vm, uid: vmUid(vm.uid) };
}
