/**
 * Once faults are over, what is wished is so, or the VM says why not: judged from outside, by what the API has and the
 * hosts run. No product code is in it.
 */
import { vmUidIn } from './domain-uid.ts';
import type { SaidVm, SeenDomain } from './verdicts.ts';

interface WishedVm extends Omit<SaidVm, 'status'> {
  readonly metadata: SaidVm['metadata'] & { readonly deletionTimestamp?: string | undefined };
  readonly spec: { readonly runStrategy?: string | undefined };
  readonly status?: {
    readonly phase?: string | undefined;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly placement?: { readonly nodeName: string } | undefined;
  } | undefined;
}

export interface SeenHost {
  readonly name: string;
  readonly domains: readonly SeenDomain[];
  readonly disks: ReadonlyMap<string, { readonly vm: string }>;
  /** Whether people are shown a domain of this VM there: as an entry, as what is kept, or among the orphans. */
  readonly shows: (uid: string) => boolean;
}

/** Reasons for which a VM may wait as long as nobody does anything. */
const explains: ReadonlySet<string> = new Set([
  'TooFewDedicatedCpus', 'TooFewHugepages', 'TooFewWholeCores', 'TooLittleMemory',
  'TooFewHostNodes', 'NoSharedCpus', 'SharedCpusFull',
  'NoRoomForEmulator', 'CellsDoNotFitTogether', 'Succeeded', 'Ended', 'OldDomainRuns', 'DriftPersists',
  // An edit that makes no guest.
  'Invalid',
]);

/** Reasons for which it may wait as long as a domain runs whose VM is lost, which is a person's to end. */
const explainsBesideLost: ReadonlySet<string> = new Set(['CpusTaken', 'DeviceTaken', 'DiskInUse', 'HostTaken']);

/**
 * @param isLost whether a VM was forgotten by a restore, or on that node by a table that was deleted, or its finalizer
 * was stripped. Absence ends nothing: what they leave is shown while it runs, and is a person's to end.
 */
export function unfulfilled(
  vms: readonly WishedVm[], hosts: readonly SeenHost[], isLost: (node: string, uid: string) => boolean,
): readonly string[] {
  const known = new Set(vms.map(({ metadata }) => metadata.uid));
  const runningOn = (uid: string) => hosts
    .filter(({ domains }) => domains.some(({ xml, run }) => run !== 'off' && xml.includes(uid)))
    .map(({ name }) => name);
  const isBesideLost = hosts.some(({ domains }) => domains.some(({ xml, run }) => {
    const uid = vmUidIn(xml);
    return run !== 'off' && uid !== undefined && !known.has(uid);
  }));
  return [
    ...vms.flatMap((vm) => wrong(vm, runningOn(vm.metadata.uid), isBesideLost)),
    ...hosts.flatMap(({ name, disks, domains, shows }) => [
      ...[...disks]
        .filter(([, { vm }]) => !known.has(vm) && !isLost(name, vm))
        .map(([path]) => `I5: ${name} keeps ${path}, of a VM that is gone`),
      ...domains.flatMap(({ xml, run }) => {
        const uid = vmUidIn(xml);
        if (uid === undefined || known.has(uid)) return [];
        if (!isLost(name, uid)) return [`I5: ${name} has a domain, ${run}, of VM ${uid} that is gone`];
        return run === 'off' || shows(uid) ? [] : [`I5: ${name} has a domain, ${run}, of VM ${uid}, and shows it nowhere`];
      }),
    ]),
  ];
}

function wrong(
  { metadata: { uid, name, deletionTimestamp }, spec, status }: WishedVm, on: readonly string[], isBesideLost: boolean,
): readonly string[] {
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  const conditions = (['Placed', 'Running', 'Ready'] as const)
    .map((type) => `${type} ${condition(type)?.status ?? '-'} ${condition(type)?.reason ?? ''}`).join(', ');
  const said = `it says ${status?.phase ?? 'nothing'}: ${conditions}`;
  const about = `VM ${uid} (${name})`;
  if (deletionTimestamp !== undefined) return [`liveness: ${about} is still being deleted; ${said}`];
  if (spec.runStrategy === 'Halted') {
    const isSo = on.length === 0 && status?.phase === 'Stopped';
    return isSo ? [] : [`liveness: ${about} is halted, and runs on ${on.join(', ')}; ${said}`];
  }
  if (condition('Ready')?.status === 'True' && on.length === 1) return [];
  const reasons = [condition('Placed')?.reason, condition('Running')?.reason, condition('Accepted')?.reason];
  const isExplained = (reason: string) => explains.has(reason) || (isBesideLost && explainsBesideLost.has(reason));
  if (reasons.some((reason) => reason !== undefined && isExplained(reason))) return [];
  return [`liveness: ${about} is to run, and runs on ${on.length === 0 ? 'no host' : on.join(', ')}; ${said}`];
}
