/** Audits VMs of this host once, by their allocation, and prints what was found. */
import { guestFromWire } from '../../crds/guest-wire.ts';
import { placementFromWire } from '../../crds/placement-wire.ts';
import { requireValid } from '../../crds/require-valid.ts';
import { parseFiles } from '../../crds/parse-files.ts';
import type { AllocatedGuest, RealtimeAllocation } from '../../crds/realtime-allocation.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import type { HostDomain } from '../../node-agent/hypervisor.ts';
import { LibvirtHypervisor } from '../../node-agent/libvirt-hypervisor.ts';
import { LibvirtConnectionError } from '../../libvirt/errors.ts';
import type { Audit } from '../../realtime/finding.ts';
import type { ObservedProcess } from '../../realtime/observed.ts';
import { audit } from '../../realtime/verify/audit.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import type { VerifyOptions } from '../commands/verify.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { requireFine } from '../input/print-problems.ts';
import { readInputFiles } from '../input/read-files.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { vmKey } from '../run/follow.ts';
import { requireKnown } from '../run/vm-names.ts';
import { formatAudit, formatRole } from './audit-table.ts';

interface Verified {
  readonly entry: AllocatedGuest;
  readonly domain: HostDomain | undefined;
  readonly process: ObservedProcess | undefined;
  readonly audit: Audit;
}

/** @returns 1 where a VM is not what was asked for, or does not run. */
export async function verify(names: readonly string[], options: VerifyOptions, io: Io): Promise<ExitCode> {
  const entries = await allocated(options, io);
  const keys = names.length === 0 ? [...entries.keys()] : requireKnown(names, [...entries.keys()]);
  const verified = await auditAll(keys.map((key) => entries.get(key)!), options);
  switch (options.output) {
    case 'table':
      if (verified.length === 0) io.err('rtvm: no VM has a place on this host');
      else io.out(verified.map((one) => describe(one, io)).join('\n\n'));
      break;
    case 'json':
    case 'yaml':
      io.out(formatData({ items: verified.map(report) }, options.output));
      break;
  }
  return verified.every((one) => one.audit.verified) ? 0 : 1;
}

/** What VMs hold, by name. @throws CommandError where a file that should say it does not. */
async function allocated({ stateDir, allocation }: VerifyOptions, io: Io): Promise<ReadonlyMap<string, AllocatedGuest>> {
  if (allocation !== undefined) return entriesOf(await readAllocation(allocation, io));
  const store = await DirectoryStore.open({ directory: stateDir });
  try {
    return entriesOf(await store.list('RealtimeAllocation'));
  } finally {
    await store.close();
  }
}

function entriesOf(allocations: readonly RealtimeAllocation[]): ReadonlyMap<string, AllocatedGuest> {
  return new Map(allocations.flatMap(({ spec }) => spec.guests).map((entry) => [vmKey(entry.vm), entry]));
}

async function readAllocation(path: string, io: Io): Promise<readonly RealtimeAllocation[]> {
  const { documents, problems } = parseFiles(await readInputFiles([path], io));
  requireFine({ problems, warnings: [] }, io);
  const allocations = documents.flatMap(({ resource }) => (resource.kind === 'RealtimeAllocation' ? [resource] : []));
  if (allocations.length === 0) throw new CommandError('ALLOCATION_MISSING', `there is no RealtimeAllocation in ${path}`);
  return allocations;
}

async function auditAll(entries: readonly AllocatedGuest[], { libvirtSocket, cgroupRoot }: VerifyOptions): Promise<readonly Verified[]> {
  if (entries.length === 0) return [];
  const hypervisor = new LibvirtHypervisor({ root: { ...thisHost, cgroup: cgroupRoot }, socketPath: libvirtSocket });
  const failure = Promise.withResolvers<never>();
  const abort = new AbortController();
  hypervisor.connect({
    connected: () => undefined,
    changed: () => undefined,
    disconnected: (reason) => failure.reject(reason),
    connectFailed: (error) => failure.reject(error instanceof LibvirtConnectionError ? error : new CommandError('LIBVIRT_FAILED', `libvirt cannot be asked: ${String(error)}`, { cause: error })),
  });
  try {
    const verified: Verified[] = [];
    for (const entry of entries) verified.push(await Promise.race([auditOne(entry, hypervisor, abort.signal), failure.promise]));
    return verified;
  } finally {
    failure.promise.catch(() => undefined); // our own stop disconnects, too
    abort.abort();
    await hypervisor.stop();
  }
}

async function auditOne(entry: AllocatedGuest, hypervisor: LibvirtHypervisor, signal: AbortSignal): Promise<Verified> {
  const what = `the allocation of ${vmKey(entry.vm)}`;
  const guest = requireValid(guestFromWire(entry.guest, 'guest'), what);
  const found = await hypervisor.find(guest.uuid, signal);
  const domain = found?.metadata?.uid === entry.vm.uid ? found : undefined;
  const process = domain === undefined ? undefined : hypervisor.observe(domain);
  return { entry, domain, process, audit: audit(guest, requireValid(placementFromWire(entry.placement, 'placement'), what), process) };
}

function describe({ entry, domain, process, audit: found }: Verified, io: Io): string {
  const verdict = found.verified ? io.style('green', 'verified') : io.style('red', found.emulated ? 'EMULATED, NOT VERIFIED' : 'NOT VERIFIED');
  const where = domain === undefined ? 'has no domain' : process === undefined ? `domain ${domain.name} does not run` : `domain ${domain.name}, process ${process.pid}`;
  const unseen = found.unseen.length === 0 ? '' : `\n\nnot seen from here: ${found.unseen.join(', ')}`;
  const count = found.verified ? `${found.threads.length} threads and memory read` : `${found.findings.length} findings`;
  return `${io.style('bold', vmKey(entry.vm))} on ${entry.placement.nodeName}: ${verdict}: ${where}, ${count}\n\n${formatAudit(found, { width: io.columns, style: io.style })}${unseen}`;
}

/** What `-o json` prints of a VM; stable. */
function report({ entry, domain, process, audit: found }: Verified) {
  const findings = found.findings.map(({ code, severity, subject, expected, observed, message }) => ({ code, severity, subject, expected, observed, message }));
  return {
    namespace: entry.vm.namespace,
    name: entry.vm.name,
    verified: found.verified,
    emulated: found.emulated,
    domain: domain?.name ?? null,
    pid: process?.pid ?? null,
    threads: found.threads.map(({ tid, comm, role, policy, priority, allowedCpus, expected, findings: own }) => ({
      tid, thread: comm, role: formatRole(role), policy, priority, cpus: allowedCpus.toString(),
      expected: { policy: expected.policy ?? null, priority: expected.priority ?? null, cpus: expected.cpus?.toString() ?? null },
      ok: own.length === 0,
    })),
    memory: found.memory.map(({ name, observedKiB, wantedKiB, findings: own }) => ({ name, observedKiB, wantedKiB, ok: own.length === 0 })),
    findings,
    unseen: found.unseen,
  };
}
