/** Whether the guarantee holds: as the agents last read it, or read again now. */
import type { ReportedGuest } from '../../../crds/realtime-allocation.ts';
import type { LiveVerifyOptions } from '../../commands/live/verify.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { formatTable } from '../../table.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { reasonNotReady } from '../get/vm-row.ts';
import { harmless, printData } from '../harmless.ts';
import { chosenVms, conditionOf, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { permitted, valueOr } from '../permitted.ts';
import { auditNow } from './audit-now.ts';

export async function verifyLive(names: readonly string[], options: LiveVerifyOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const vms = await chosenVms(names, live, options);
    if (vms.length === 0) io.err(`rtvm: there is no RealtimeVM ${options.allNamespaces === true ? 'in the cluster' : `in namespace ${live.namespace}`}`);
    return options.live === true ? auditNow(vms, options, live, io) : lastAudits(vms, options, live, io);
  });
}

type Verdict = 'verified' | 'violated' | 'unknown' | 'not running' | 'not realtime';

interface LastAudit {
  readonly vm: Vm;
  readonly verdict: Verdict;
  readonly findings: NonNullable<ReportedGuest['audit']>['findings'];
  /** Whether somebody has to look at it. */
  readonly isTrouble: boolean;
  readonly why: string;
}

/** @returns 1 where a VM that is to run is not verified. */
async function lastAudits(vms: readonly Vm[], { output }: LiveVerifyOptions, { store, signal }: Live, io: Io): Promise<ExitCode> {
  const tables = await permitted(store.list('RealtimeAllocation', { signal }));
  const reports = new Map(valueOr(tables, [], () => io.err('warning: RealtimeAllocations may not be read; what the statuses of the VMs say of the audits is shown')).flatMap(({ status }) => status?.guests ?? []).map((report) => [report.uid, report]));
  const audits = harmless(vms.map((vm) => lastAudit(vm, reports.get(vm.metadata.uid))));
  if (output !== 'table') printData({ items: audits.map(report) }, output, io);
  else if (audits.length > 0) io.out(describe(audits, io));
  return audits.some(({ isTrouble }) => isTrouble) ? 1 : 0;
}

/** The agent's own word where there is one; the VM's status follows it, and says besides that a node is lost. */
function lastAudit(vm: Vm, told: ReportedGuest | undefined): LastAudit {
  const realtime = conditionOf(vm, 'RealtimeVerified');
  const runs = conditionOf(vm, 'Running');
  const findings = told?.audit?.findings ?? vm.status?.findings ?? [];
  const wanted = vm.spec.runStrategy !== 'Halted';
  const base = { vm, findings, why: reasonNotReady(vm) };
  if (runs?.status !== 'True') {
    const unknown = runs?.status === 'Unknown';
    return { ...base, verdict: unknown ? 'unknown' : 'not running', isTrouble: wanted && vm.status?.phase !== 'Stopped' };
  }
  const verdict = told?.audit?.verdict ?? { True: 'Verified', False: 'Violated', Unknown: 'Unknown' }[realtime?.status ?? conditionOf(vm, 'Ready')?.status ?? 'Unknown'];
  switch (verdict) {
    case 'Verified':
      return { ...base, verdict: realtime === undefined ? 'not realtime' : 'verified', isTrouble: false };
    case 'Violated':
      return { ...base, verdict: 'violated', isTrouble: true };
    default:
      return { ...base, verdict: 'unknown', isTrouble: wanted };
  }
}

function describe(audits: readonly LastAudit[], io: Io): string {
  const { style } = io;
  const colours: Readonly<Record<Verdict, string>> = { verified: style('green', 'verified'), violated: style('red', 'VIOLATED'), unknown: style('yellow', 'unknown'), 'not running': 'not running', 'not realtime': 'ok, not realtime' };
  const rows = audits.flatMap(({ vm, verdict, findings, why }) => {
    const first = [vmName(vm), vm.status?.placement?.nodeName ?? '-', vm.status?.cpus ?? '-', colours[verdict]];
    if (findings.length === 0) return [[...first, verdict === 'verified' || verdict === 'not realtime' ? 'every thread and all memory as asked for' : why]];
    return findings.map(({ severity, subject, message }, index) => [...(index === 0 ? first : ['', '', '', '']), `${severity === 'warning' ? 'warning: ' : ''}${subject}: ${message}`]);
  });
  return formatTable(['VM', 'NODE', 'CPUS', 'VERDICT', 'FOUND'].map((title) => ({ title })), rows, { width: io.columns, formatTitles: (line) => style('bold', line) });
}

/** What `-o json` prints of a VM; stable. */
function report({ vm, verdict, findings, why }: LastAudit) {
  return { namespace: vm.metadata.namespace, name: vm.metadata.name, node: vm.status?.placement?.nodeName ?? null, verdict, findings, why: why === '' ? null : why };
}
