/** `rtvm latency import`, on files. */
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportFormat } from '../../realtime/latency/report.ts';
import type { LatencyReport } from '../../realtime/latency/report.ts';
import { capturedRun } from '../captured-run.ts';
import { sampleReport } from './sample-report.ts';

const result = JSON.stringify({
  'cmdline:': 'cyclictest -p 95',
  'thread': { 0: { histogram: { 3: 5 }, cycles: 5, min: 3, max: 3, avg: 3, cpu: 1 } },
});

/** Runs it on a report and a result of cyclictest in a directory of their own. */
async function importInto(report: string, imported: string, ...args: readonly string[]) {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'rtvm-import-'));
  const [file, into, page] = ['cyclictest.json', 'host.json', 'report.html'].map((name) => join(directory.path, name)) as [
    string, string, string,
  ];
  writeFileSync(file, imported);
  writeFileSync(into, report);
  const ran = await capturedRun(['latency', 'import', file, '--report', into, '--html', page, ...args]);
  return { ...ran, page: ran.exitCode === 0 ? readFileSync(page, 'utf8') : undefined };
}

describe('rtvm latency import', () => {
  it('puts figures of the guest beside those of the host, as numbers, as text and on the page', async () => {
    const { exitCode, stdout, page } = await importInto(JSON.stringify(sampleReport), result);
    expect(exitCode).toBe(0);
    const { settings, imported } = JSON.parse(stdout) as LatencyReport;
    expect(settings).toEqual(JSON.parse(JSON.stringify(sampleReport.settings)));
    expect(imported.at(-1)).toMatchObject({ tool: 'cyclictest', where: 'guest', title: 'cyclictest -p 95' });
    expect(page).toContain('cyclictest, in the guest: cyclictest -p 95');
    const text = await importInto(JSON.stringify(sampleReport), result, '-o', 'table', '--where', 'host', '--title', 'idle');
    expect(text.stdout).toMatch(/^cyclictest on the host: idle +thread 0, CPU 1 +5 /m);
  });

  it.each([
    ['a result that is none', JSON.stringify(sampleReport), 'hello', 'cyclictest.json is not taken over'],
    ['a report that is none', '{}', result, 'host.json is no report'],
    ['a report of another version', JSON.stringify({ ...sampleReport, format: 'rtvm.dev/latency/v9' }), result, reportFormat],
    ['a report that is no JSON', 'x', result, 'host.json is no report'],
  ])('refuses %s, and writes nothing', async (_, report, imported, message) => {
    const { exitCode, stdout, stderr } = await importInto(report, imported);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });
});
