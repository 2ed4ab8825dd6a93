/** Checks this host's set-up, and says of each item what was found, what it should be and what mends it. */
import { hostChecks } from '../../realtime/checks/host-checks.ts';
import type { CheckResult, HostCheck } from '../../realtime/checks/host-check.ts';
import { readHostReadings } from '../../node-agent/host/host-readings.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import type { HostRoot } from '../../node-agent/host/host-root.ts';
import { readTopology } from '../../node-agent/host/topology.ts';
import type { CheckHostOptions } from '../commands/host.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { formatTable } from '../table.ts';
import { chosenCpus } from './chosen-cpus.ts';
import { readThisHost } from './this-host.ts';

/** @returns 1 where a check has failed; a warning is none. @throws UsageError; CommandError `HOST_REFUSED`, `NOT_LINUX`. */
export function checkHost(options: CheckHostOptions, io: Io, root: HostRoot = thisHost): ExitCode {
  const inventory = readThisHost(chosenCpus(options), root);
  if (!inventory.ok) throw new CommandError('HOST_REFUSED', inventory.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const checks = hostChecks(readHostReadings(root, readTopology(root), inventory.value));
  const failed = checks.filter(({ result }) => result === 'Fail').length;
  if (options.output === 'table') printTable(checks, failed, io);
  else io.out(formatData({ checks }, options.output));
  return failed > 0 ? 1 : 0;
}

const marks: Readonly<Record<CheckResult, string>> = { Pass: 'pass', Warn: 'WARN', Fail: 'FAIL', Unknown: '?' };

function printTable(checks: readonly HostCheck[], failed: number, io: Io): void {
  io.out(`${formatTable([{ title: 'CHECK' }, { title: 'RESULT' }, { title: 'FOUND' }], checks.map(({ name, result, observed }) => [name, marks[result], observed]), { width: io.columns })}\n`);
  const toMend = checks.filter(({ remedy }) => remedy !== undefined);
  if (toMend.length > 0) io.out(`\n${toMend.map(({ name, wanted, remedy }) => `${name}: wanted: ${wanted}\n  ${remedy ?? ''}`).join('\n')}\n`);
  const count = (result: CheckResult) => checks.filter((check) => check.result === result).length;
  io.out(`\n${count('Pass')} passed, ${count('Warn')} warn, ${failed} failed, ${count('Unknown')} could not be seen\n`);
}
