import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { kindNames } from '../../../src/crds/resource.ts';
import { argocdFiles, committedTestdata, customizations, repository } from '../../gitops/argocd-files.ts';
import { luaHealth } from '../../gitops/lua-health.ts';
import type { Health } from '../../gitops/lua-health.ts';

const read = (path: string) => readFileSync(join(repository, path), 'utf8');

interface HealthTest {
  readonly tests: readonly { readonly inputPath: string; readonly healthStatus: Health }[];
}

describe('deploy/argocd', () => {
  it('has what "npm run generate" makes of the product\'s own statuses, and nothing else', () => {
    const files = argocdFiles();
    for (const [path, text] of files) expect([path, existsSync(join(repository, path)) ? read(path) : 'is missing']).toEqual([path, text]);
    expect(committedTestdata().filter((path) => !files.has(path))).toEqual([]);
  });

  it.each(kindNames)('tells the health of a %s, as Lua 5.1 runs it with what Argo CD opens to it', (kind) => {
    const directory = `${customizations}/${kind}`;
    const script = read(`${directory}/health.lua`);
    const { tests } = load(read(`${directory}/health_test.yaml`)) as HealthTest;
    const told = luaHealth(tests.map(({ inputPath }) => ({ script, object: load(read(`${directory}/${inputPath}`)) })));
    expect(tests.map(({ inputPath }, index) => ({ inputPath, healthStatus: told[index] }))).toEqual(tests);
    // Every object has its expectation, and is named after it.
    expect(tests.map(({ inputPath }) => `${directory}/${inputPath}`).toSorted()).toEqual(committedTestdata().filter((path) => path.startsWith(`${directory}/`)).toSorted());
    for (const { inputPath, healthStatus } of tests) expect(inputPath).toMatch(new RegExp(`^testdata/${healthStatus.status.toLowerCase()}[._]`));
  });

  it('would not run a check that needs a library which Argo CD does not open', () => {
    const run = (script: string) => luaHealth([{ script, object: { name: 'é"\\\n' } }]);
    expect(run('return { status = "Healthy", message = table.concat({ obj.name, obj.name }, "+") }')).toEqual([{ status: 'Healthy', message: 'é"\\\n+é"\\\n' }]);
    expect(() => run('return { status = string.upper("healthy") }')).toThrow(/attempt to index global 'string'/);
    expect(() => run('return { status = ("healthy"):upper() }')).toThrow(/attempt to (call method|index)/);
    expect(() => run('return "Healthy"')).toThrow('health.lua returned no table');
  });
});
