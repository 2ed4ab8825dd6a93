/** The audit of one VM as a table: every thread, then the memory, each with what it should be and whether it is. */
import type { Audit, AuditRow, Finding, MemoryRow, ThreadExpectation, ThreadRole } from '../../realtime/finding.ts';
import type { Style } from '../style.ts';
import { formatTable } from '../table.ts';

const threadColumns = [
  { title: 'TID', align: 'right' }, { title: 'THREAD' }, { title: 'ROLE' }, { title: 'POLICY' }, { title: 'PRIORITY', align: 'right' },
  { title: 'CPUS' }, { title: 'EXPECTED' }, { title: 'VERDICT' },
] as const;

const memoryColumns = [{ title: 'MEMORY' }, { title: 'KIB', align: 'right' }, { title: 'EXPECTED' }, { title: 'VERDICT' }] as const;

export function formatAudit(audit: Audit, { width, style }: { readonly width: number; readonly style: Style }): string {
  const options = { width, formatTitles: (line: string) => style('bold', line) };
  const verdict = (findings: readonly Finding[]) => (findings.length === 0
    ? style('green', 'ok')
    : findings.map(({ severity, message }) => `${style(severity === 'error' ? 'red' : 'yellow', severity === 'error' ? 'WRONG' : 'warning')} ${message}`).join('; '));
  const threads = audit.threads.map((row) => [
    String(row.tid), row.comm, formatRole(row.role), row.policy, String(row.priority), row.allowedCpus.toString(), formatExpectation(row.expected), verdict(row.findings),
  ]);
  const memory = audit.memory.map((row) => [row.name, String(row.observedKiB), `${row.name === 'swapped' ? 'at most' : 'at least'} ${row.wantedKiB}`, verdict(row.findings)]);
  const inRows = new Set<Finding>([...audit.threads, ...audit.memory].flatMap((row: AuditRow | MemoryRow) => row.findings));
  return [
    ...(threads.length === 0 ? [] : [formatTable(threadColumns, threads, options)]),
    ...(memory.length === 0 ? [] : [formatTable(memoryColumns, memory, options)]),
    ...audit.findings.filter((finding) => !inRows.has(finding)).map((finding) => `${finding.subject}: ${verdict([finding])}`),
  ].join('\n\n');
}

export function formatRole(role: ThreadRole): string {
  switch (role.kind) {
    case 'vcpu':
      return `vCPU ${role.vcpu}`;
    case 'iothread':
      return `I/O thread ${role.iothread}`;
    case 'emulator':
      return 'emulator';
    case 'vhost':
      return 'vhost worker';
    case 'kvm-nx-lpage-recovery':
    case 'kvm-pit':
      return 'KVM helper';
  }
}

function formatExpectation({ policy, priority, cpus }: ThreadExpectation): string {
  if (policy === undefined && cpus === undefined) return 'anything';
  const scheduling = policy === undefined ? '' : policy === 'FIFO' || policy === 'RR' ? `${policy} ${priority ?? 0}` : policy;
  return [scheduling, cpus === undefined ? '' : `on ${cpus.toString()}`].filter((part) => part !== '').join(' ');
}
