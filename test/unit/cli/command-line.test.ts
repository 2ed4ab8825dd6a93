// The command line as a person has it: bin/rtvm in a process of its own, its exit code and its two streams.
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const rtvm = join(root, 'bin/rtvm');
const probe = join(root, 'examples/probe-vm.yaml');
const hostA = join(root, 'examples/host-a.yaml');

interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Closes the reading end of standard output at once, as `| head -0` does. */
  readonly closeStdout?: boolean;
  /** User and group id. */
  readonly runAs?: number;
}

async function run(args: readonly string[], { stdin = '', env = {}, closeStdout = false, runAs }: RunOptions = {}) {
  const child = spawn(rtvm, args, { cwd: root, env: { PATH: process.env['PATH'], ...env }, ...(runAs === undefined ? {} : { uid: runAs, gid: runAs }) });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  child.stdin.on('error', () => undefined).end(stdin);
  const stdout = closeStdout ? Promise.resolve('') : text(child.stdout);
  if (closeStdout) child.stdout.destroy();
  const [exitCode, out, err] = await Promise.all([ended, stdout, text(child.stderr)]);
  return { exitCode, stdout: out, stderr: err };
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-cli-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

describe('bin/rtvm', () => {
  it('lists commands with --help, and asks for one without', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    for (const command of ['validate', 'plan', 'render', 'host']) expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(await run([])).toMatchObject({ exitCode: 2, stdout: '', stderr: help.stdout });
  });

  it('guesses what a wrong command or option was meant to be', async () => {
    expect(await run(['plann'])).toEqual({ exitCode: 2, stdout: '', stderr: "rtvm: unknown command 'plann'\n(Did you mean plan?)\n(rtvm --help lists commands and options)\n" });
    expect(await run(['plan', '--hots', 'a.yaml'])).toEqual({ exitCode: 2, stdout: '', stderr: "rtvm: unknown option '--hots'\n(Did you mean --host?)\n(rtvm plan --help shows its options)\n" });
    expect(await run(['plan'])).toEqual({ exitCode: 2, stdout: '', stderr: 'rtvm: -f FILE is required: manifests to read, or - for standard input\n' });
    expect(await run(['plan', '-f', probe, '-o', 'xml'])).toEqual({
      exitCode: 2, stdout: '', stderr: "rtvm: option '-o, --output <form>' argument 'xml' is invalid. Allowed choices are table, yaml, json.\n(rtvm plan --help shows its options)\n",
    });
  });

  it('validates from standard input, problems on standard error alone', async () => {
    expect(await run(['validate', '-f', probe, hostA])).toEqual({ exitCode: 0, stdout: '3 resources fine\n', stderr: '' });
    expect(await run(['validate', '-f', '-'], { stdin: 'kind: RealtimeVn' })).toEqual({ exitCode: 1, stdout: '', stderr: '<stdin>:1: kind: "RealtimeVn": is not a kind of rtvm; did you mean RealtimeVM?\n' });
  });

  it('reports bad YAML by file and line, without a stack', async () => {
    const bad = await file('bad.yaml', 'a: 1\nb: [1\nc: 2\n');
    const { exitCode, stdout, stderr } = await run(['plan', '-f', bad, '--host', hostA]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${bad}:[234]: [^\n]+\nrtvm: the problem above must be mended first\n$`));
  });

  it('does not pass what a file holds on to the terminal', async () => {
    const { stderr } = await run(['validate', '-f', '-'], { stdin: 'apiVersion: rtvm.dev/v1alpha1\nkind: "\\e]0;owned\\a\\e[2J"\n' });
    expect(stderr).toMatch(/^<stdin>:2: kind: /);
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(stderr)).toBe(false);
  });

  it('names a path that cannot be read', async () => {
    expect(await run(['validate', '-f', 'nowhere.yaml'])).toEqual({ exitCode: 1, stdout: '', stderr: 'rtvm: nowhere.yaml: no such file or directory\n' });
  });

  // Root may read everything, so another user is needed who may still run bin/rtvm from this checkout.
  it('names a directory that it is not allowed to read', async ({ skip }) => {
    const nobody = 65534;
    const asNobody = process.getuid?.() === 0 ? { runAs: nobody } : {};
    if ((await run(['--version'], asNobody).catch(() => undefined))?.exitCode !== 0) skip('user nobody may not run bin/rtvm from this checkout');
    await chmod(directory, 0o755);
    const secret = join(directory, 'secret');
    await mkdir(secret, { mode: 0o000 });
    expect(await run(['validate', '-f', secret], asNobody)).toEqual({ exitCode: 1, stdout: '', stderr: `rtvm: ${secret}: not allowed to read it (permission denied)\n` });
  });

  it('plans: exit 0 with a picture, 1 where a VM does not fit, JSON alone on standard output', async () => {
    const plan = await run(['plan', '-f', probe, '--host', hostA], { env: { LANG: 'C.UTF-8' } });
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    expect(plan.stdout).toContain('A  default/probe → host-a: vCPU 0→~0-1 1→2*;');
    const refused = await run(['plan', '-f', probe, '--host', await file('none.yaml', 'apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeNode\nmetadata: {name: none}\nstatus: {topology: {numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 1024}]}}\n'), '-o', 'json']);
    expect(refused).toMatchObject({ exitCode: 1, stderr: '' });
    expect(JSON.parse(refused.stdout)).toEqual({ items: [{ namespace: 'default', name: 'probe', placement: null, reasons: [
      { host: 'none', reason: expect.any(String) as string, message: expect.any(String) as string },
    ] }] });
  });

  it('draws in ASCII where the locale is not UTF-8, and in colour where that is asked for', async () => {
    const ascii = await run(['plan', '-f', probe, '--host', hostA], { env: { LANG: 'C' } });
    expect(/^[\n\x20-\x7e]+$/.test(ascii.stdout)).toBe(true);
    const coloured = await run(['plan', '--color=always', '-f', probe, '--host', hostA], { env: { LANG: 'C' } });
    expect(coloured.stdout.replace(/\u001b\[\d+m/g, '')).toBe(ascii.stdout);
    expect(coloured.stdout).not.toBe(ascii.stdout);
  });

  it('ends quietly with its own exit code when nobody reads what it prints', async () => {
    expect(await run(['plan', '-f', probe, '--host', hostA, '-o', 'json'], { closeStdout: true })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('reads back the inventory of the host that it runs on', async () => {
    const inventory = await run(['host', 'inventory', '--dedicated', '0', '--shared', '']);
    expect(inventory).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await run(['validate', '-f', '-'], { stdin: inventory.stdout })).toEqual({ exitCode: 0, stdout: '1 resource fine\n', stderr: '' });
  });
});
