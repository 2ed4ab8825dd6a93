/** What `rtvm latency` stands in for: a VM of the files, or a class of theirs as a VM of its own. */
import { chosenCpus } from '../host/chosen-cpus.ts';
import { readThisHost } from '../host/this-host.ts';
import { CpuSet } from '../../realtime/cpu-set.ts';
import { parseFiles } from '../../crds/parse-files.ts';
import type { ParsedDocument } from '../../crds/parse-files.ts';
import type { Guest } from '../../realtime/guest.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { LatencyOptions } from '../commands/latency.ts';
import { requiredFiles } from '../commands/options.ts';
import { CommandError, UsageError } from '../exit.ts';
import { checkManifests } from '../input/manifests.ts';
import type { ManifestVm } from '../input/manifests.ts';
import { printWarnings, requireFine } from '../input/print-problems.ts';
import { readInputFiles } from '../input/read-files.ts';
import type { Io } from '../io.ts';

export interface Subject {
  readonly source: string;
  readonly guest: Guest;
  readonly inventory: HostInventory;
}

/** Neither its disks, networks and devices nor its place on a node matter to how late its vCPUs run. */
function bare(guest: Guest): Guest {
  return {
    ...guest,
    disks: [],
    cloudInit: undefined,
    networks: [],
    hostDevices: [],
    nodeSelector: {},
    tolerations: [{ operator: 'Exists' }],
    maxLatencyMicroseconds: undefined,
  };
}

/** @throws UsageError; CommandError where the files are not fine, or it is not plain what to measure. */
export async function readSubject(options: LatencyOptions, io: Io): Promise<Subject> {
  const files = await readInputFiles(requiredFiles(options), io);
  const parsed = parseFiles(
    options.class === undefined ? files : [...files, { file: '--class', text: vmOfClass(options.class) }],
  );
  const manifests = checkManifests(parsed, 'refuse');
  requireFine(manifests, io);
  const { source, guest } =
    options.class === undefined
      ? theVm(manifests.vms, options)
      : {
          source: `RealtimeVMClass ${options.class}`,
          guest: manifests.vms.find(({ spec }) => spec.identity.name === classVm)!.guest,
        };
  return { source, guest: bare(guest), inventory: inventoryHere(options, parsed.documents, io) };
}

function theVm(
  vms: readonly ManifestVm[],
  { file, vm }: LatencyOptions,
): { readonly source: string; readonly guest: Guest } {
  const named = vms.filter(
    ({
      spec: {
        identity: { namespace, name },
      },
    }) => vm === undefined || vm === name || vm === `${namespace}/${name}`,
  );
  const [one] = named;
  if (one === undefined)
    throw new CommandError(
      'VM_MISSING',
      `there is no RealtimeVM${vm === undefined ? '' : ` ${vm}`} in ${file!.join(', ')}; --class measures for a `
        + `RealtimeVMClass`,
    );
  if (named.length > 1)
    throw new UsageError(
      `the files have ${named.length} VMs; say with --vm which one to stand in for: `
        + named.map(({ spec: { identity } }) => `${identity.namespace}/${identity.name}`).join(', '),
    );
  return { source: `RealtimeVM ${one.spec.identity.namespace}/${one.spec.identity.name}`, guest: one.guest };
}

const classVm = 'rtvm-latency';

function vmOfClass(className: string): string {
  const apiVersion = 'rtvm.dev/v1alpha1';
  const metadata = { name: classVm, namespace: 'rtvm-latency' };
  return [
    { apiVersion, kind: 'RealtimeImage', metadata, spec: { format: 'rom', source: { path: 'probe.rom' } } },
    { apiVersion, kind: 'RealtimeVM', metadata, spec: { className, image: { name: classVm } } },
  ]
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
}

/** This host; which CPUs are for whom, a RealtimeNode among the files may say. */
function inventoryHere(options: LatencyOptions, documents: readonly ParsedDocument[], io: Io): HostInventory {
  const node = documents.flatMap(({ resource }) => (resource.kind === 'RealtimeNode' ? [resource.spec] : []))[0];
  const chosen = chosenCpus(options);
  const inventory = readThisHost({
    dedicatedCpus: chosen.dedicatedCpus ?? cpusOf(node?.dedicatedCpus),
    sharedCpus: chosen.sharedCpus ?? cpusOf(node?.sharedCpus),
  });
  if (!inventory.ok)
    throw new CommandError('HOST_REFUSED', inventory.problems.map(({ message }) => message).join('; '));
  printWarnings(inventory.warnings, io);
  return inventory.value;
}

function cpusOf(list: string | undefined): CpuSet | undefined {
  return list === undefined ? undefined : CpuSet.parse(list);
}
