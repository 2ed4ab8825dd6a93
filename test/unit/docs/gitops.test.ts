// docs/gitops.md is held to what it is about: its table to the readings that other tests check, its commands to the program.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { customizations, repository } from '../../gitops/argocd-files.ts';
import type { Health } from '../../gitops/lua-health.ts';
import { vmStates } from '../../gitops/vm-states.ts';

const page = readFileSync(join(repository, 'docs/gitops.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n(.*?)\n```$/gms)].flatMap(([, block]) => block!.split('\n'));

/** The page's paths are those of a person in the checkout. */
const startedIn = process.cwd();
beforeAll(() => process.chdir(repository));
afterAll(() => process.chdir(startedIn));

describe('docs/gitops.md', () => {
  it('says of every state what Argo CD, Flux and kstatus say', () => {
    const { tests } = load(readFileSync(join(repository, customizations, 'RealtimeVM/health_test.yaml'), 'utf8')) as { tests: readonly { inputPath: string; healthStatus: Health }[] };
    const argocd = new Map(tests.map(({ inputPath, healthStatus }) => [inputPath.replace(/^testdata\/(.*)\.yaml$/, '$1'), healthStatus.status]));
    const rows = [...page.matchAll(/^\|[^|]*\| `(\w+)` \| (\w+) \| (\w+) \| (\w+) \|$/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(vmStates().map(({ name, flux, kstatus }) => [name, argocd.get(name), flux, kstatus]));
  });

  it.each(commands.filter((command) => command.startsWith('rtvm ')))('shows a command that finds nothing wrong: %s', async (command) => {
    expect(await capturedRun(command.split(' ').slice(1))).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\d+ resources fine\n$/) as unknown, stderr: '' });
  });

  it.each(commands.filter((command) => command.startsWith('kubectl ')))('names what is there: %s', (command) => {
    const [, path] = / -[kf] (\S+)$/.exec(command)!;
    expect(existsSync(path!)).toBe(true);
  });
});
